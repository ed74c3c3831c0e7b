import type { IncomingMessage, ServerResponse } from "node:http";
import { Problem, reportOf } from "@jackfield/problem/problem";
import { digestOf } from "@jackfield/spec/event/canonical";
import { registerHandler } from "@jackfield/spec/http/handlers";
import type { Attempt } from "./attempt.ts";
import { hear } from "./hear.ts";
import type { World } from "./world.ts";

/** One request and where it goes, taken apart. */
interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  path: string[];
  query: URLSearchParams;
}

const knownWords = ["heartbeat", "progress", "finished"];

/** Answers as the gateway would: registration, next task, heartbeat, progress, answer, artifacts. All else is a stray. */
export async function answerRequest(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://world");
  const path = url.pathname.split("/").slice(1).map(decodeURIComponent);
  const asked = { request, response, path, query: url.searchParams };
  const [version, place = "", name = "", what = ""] = path;
  try {
    if (version !== "v1") stray(world, asked);
    else if (place === "artifacts") await artifact(world, asked, name);
    else if (place === "handlers" && name === "") list(world, asked);
    else if (place === "handlers" && what === "next") await next(world, asked, name);
    else if (place === "handlers" && request.method === "POST") await register(world, asked, name);
    else if (place === "tasks" && knownWords.includes(what)) await say(world, asked, what);
    else stray(world, asked);
  } catch (thrown) {
    refuse(response, 400, new Problem("E_INVALID", String(thrown)));
  }
}

function stray(world: World, { request, response, path }: Asked): void {
  const what = `${request.method ?? "?"} /${path.join("/")}`;
  world.strays.push({ what });
  request.resume();
  const forbidden = path[1] === "events";
  refuse(
    response,
    forbidden ? 403 : 404,
    forbidden
      ? new Problem("E_NOT_YOURS", "Handlers publish no events; the conductor does, from a counted answer")
      : new Problem("E_NOT_FOUND", `There is nothing at ${what}`),
  );
}

function list(world: World, { response }: Asked): void {
  const handlers = world.registered.map(({ name, version, contracts, project, concurrency }) => ({
    ...{ handler: name, version, contracts, project, concurrency },
    ...{ alive: true, instances: 1, running: 0 },
  }));
  json(response, 200, { handlers });
}

async function register(world: World, { request, response }: Asked, name: string): Promise<void> {
  const body = registerHandler.body.safeParse(JSON.parse((await bytesOf(request)).toString("utf8")));
  if (!body.success) {
    refuse(
      response,
      422,
      new Problem("E_INVALID", "The registration breaks its contract", { why: body.error.message }),
    );
    return;
  }
  const { leaving, ...said } = body.data;
  const known = world.registered.findIndex((each) => each.name === name && each.instance === said.instance);
  if (known >= 0) world.registered.splice(known, 1);
  const self = { name, ...said };
  if (leaving !== true) world.registered.push(self);
  if (known < 0) world.everRegistered.push(self);
  world.wake();
  json(response, 200, { everySeconds: 5 });
}

async function next(world: World, { request, response, query }: Asked, name: string): Promise<void> {
  const seconds = Number.parseInt(query.get("wait") ?? "30", 10);
  const deadline = performance.now() + seconds * 1_000;
  while (!request.destroyed && performance.now() < deadline) {
    const at = world.queue.findIndex(({ event }) => event.handler === name);
    const [attempt] = at < 0 ? [] : world.queue.splice(at, 1);
    if (attempt !== undefined) {
      handOver(attempt, response);
      return;
    }
    const left = new Promise((resolve) => setTimeout(resolve, deadline - performance.now()).unref());
    await Promise.race([world.changed(), left]);
  }
  response.writeHead(204).end();
}

function handOver(attempt: Attempt, response: ServerResponse): void {
  const { task, token, event } = attempt;
  attempt.takenMs = performance.now();
  json(response, 200, { task, token, deadline: new Date(Date.now() + 600_000).toISOString(), event });
}

async function say(world: World, { request, response, path }: Asked, what: string): Promise<void> {
  const bytes = await bytesOf(request);
  const body: unknown = JSON.parse(bytes.toString("utf8"));
  const heard = await hear(world, { what, task: path[2] ?? "", body, bytes: bytes.length });
  if (heard === "silent") response.destroy();
  else if (heard instanceof Problem) refuse(response, statusOf(heard), heard);
  else json(response, what === "heartbeat" ? 200 : 202, heard);
}

const statuses: Partial<Record<Problem["code"], number>> = {
  E_LEASE_LOST: 410,
  E_TOKEN_SCOPE: 403,
  E_TOO_LARGE: 413,
  E_STREAM_FULL: 503,
};
const statusOf = ({ code }: Problem): number => statuses[code] ?? 422;

async function artifact(world: World, { request, response }: Asked, digest: string): Promise<void> {
  if (request.method === "PUT") {
    const bytes = await bytesOf(request);
    if (digestOf(bytes) !== digest) {
      refuse(response, 422, new Problem("E_DIGEST", `The bytes are not those of ${digest}`));
      return;
    }
    world.artifacts.set(digest, bytes);
    json(response, 201, { mediaType: "application/octet-stream", digest, size: bytes.length });
    return;
  }
  const bytes = world.artifacts.get(digest);
  if (bytes === undefined) refuse(response, 404, new Problem("E_NOT_FOUND", `There is no ${digest}`));
  else
    response
      .writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length })
      .end(request.method === "HEAD" ? undefined : bytes);
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const json = (response: ServerResponse, status: number, content: unknown): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));

const refuse = (response: ServerResponse, status: number, problem: Problem): void =>
  json(response, status, reportOf(problem));
