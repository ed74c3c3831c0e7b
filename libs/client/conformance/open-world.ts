import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import type { Attempt } from "./attempt.ts";
import { contractOf, type Contract } from "./contract.ts";
import { sampleTask } from "./sample-task.ts";
import { answerRequest } from "./world-routes.ts";
import type { GiveOptions, World } from "./world.ts";

const usualFinishSeconds = 60;
let count = 0;

/** Opens the world on a free port of this machine. */
export async function openWorld(
  capability: string,
  { finishSeconds = usualFinishSeconds } = {},
): Promise<World> {
  let give: () => void = () => undefined;
  let changed = new Promise<void>((resolve) => (give = resolve));
  const server = createServer((request, response) => void answerRequest(world, request, response));
  const world: World = {
    get url() {
      return `http://127.0.0.1:${portOf(server)}`;
    },
    contract: contractOf(capability),
    attempts: new Map(),
    queue: [],
    registered: [],
    everRegistered: [],
    strays: [],
    artifacts: new Map(),
    wake: () => {
      const told = give;
      changed = new Promise<void>((resolve) => (give = resolve));
      told();
    },
    changed: () => changed,
    create: async (handler, options) => {
      const attempt = await createAttempt(world, handler, { finishSeconds, ...options });
      world.attempts.set(attempt.token, attempt);
      return attempt;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return world;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port; // it listens on TCP

async function createAttempt(world: World, handler: string, options: GiveOptions): Promise<Attempt> {
  const sample = await sampleTask(options);
  for (const [digest, bytes] of sample.blobs) world.artifacts.set(digest, bytes);
  const task = options.again?.task ?? `conformance${(count += 1)}/${world.contract.name}`;
  const { finishSeconds = usualFinishSeconds, leaseSeconds = 60 } = options;
  const { testIds, truth, classes } = sample;
  return {
    ...{ task, testIds, truth, classes },
    token: randomBytes(18).toString("base64url"),
    givenMs: performance.now(),
    takenMs: undefined,
    said: [],
    mayGoOn: options.mayGoOn ?? "go",
    refusals: options.refusals ?? 0,
    event: triggeredFor(world.contract, { task, handler }, options, {
      inputs: options.inputs ?? sample.inputs,
      limits: { startSeconds: 30, leaseSeconds, finishSeconds, attempts: 3 },
      handlerversion: "conformance",
      ...options.more,
    }),
  };
}

function triggeredFor(
  { name, version }: Contract,
  { task, handler }: { task: string; handler: string },
  { attempt = 1, attributes = {} }: GiveOptions,
  data: Record<string, unknown>,
): CloudEvent {
  return {
    specversion: "1.0",
    id: `${task}/${handler}/${attempt}/triggered`,
    source: "/jackfield/conductor",
    type: eventType(name, "triggered", version),
    subject: task,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    correlationid: "conformance",
    project: "conformance",
    subproject: "sample",
    run: task.split("/")[0] ?? task,
    ...{ handler, role: "primary", attempt, data },
    ...attributes,
  };
}
