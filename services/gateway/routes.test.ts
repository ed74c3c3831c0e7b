import { digestOf } from "@jackfield/spec/event/canonical";
import { answer } from "@jackfield/events/ask";
import openApi from "@jackfield/spec/openapi.json" with { type: "json" };
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { createApp } from "./app.ts";
import { addressOf, gatewayConfig } from "./config.ts";
import { registerRoutes } from "./door.ts";
import type { Outward } from "./webhooks/webhooks-door.ts";
import type { GatewayParts } from "./door-parts.ts";
import { openBed, type Bed } from "./fixture/bed.ts";
import { createTokens } from "./task-token.ts";

/** Everybody at this machine may ask. */
const openGate = {
  adminToken: undefined,
  find: async () => undefined,
  ask: () => undefined,
  hasTicket: () => false,
  names: new Set<string>(),
};

const nats = natsForThisFile();
let bed: Bed;
beforeAll(async () => {
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
});
afterAll(() => bed[Symbol.asyncDispose]());

test("every route of the language is served, and nothing else but what each process has", async () => {
  const app = createApp(openGate);
  const served: string[] = [];
  app.addHook("onRoute", ({ method, url }) => void served.push(`${String(method)} ${url}`));
  // Routes are only registered here, so nothing of the parts is used.
  registerRoutes(app, {} as GatewayParts, {} as Outward);
  await app.ready();
  const described = Object.entries(openApi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method) => `${method.toUpperCase()} ${path.replaceAll(/\{([a-z]+)\}/g, ":$1")}`,
    ),
  );
  const everywhere = ["/docs", "/healthz", "/metrics", "/openapi.json", "/readyz"].map(
    (path) => `GET ${path}`,
  );
  expect(described.length).toBeGreaterThan(20);
  expect(served.sort()).toEqual([...described, ...everywhere, "HEAD /v1/artifacts/:digest"].sort());
});

test("it says whether it lives and works, what it measures, and what it is", async () => {
  expect(await bed.call("/healthz")).toMatchObject({ status: 200, body: { alive: true } });
  await until("it reads", async () => (await bed.call("/readyz")).status === 200);
  expect((await bed.call("/readyz")).body).toMatchObject({ services: { gateway: { ready: true } } });
  expect((await bed.call("/metrics")).body).toContain("# TYPE jackfield_");
  expect((await bed.call("/openapi.json")).body).toMatchObject({ openapi: "3.1.0" });
  expect((await bed.call("/docs")).body).toContain("<title>Jackfield gateway</title>");
});

test("where nothing is, and what a path does not take, is a problem with the way out", async () => {
  expect(await bed.call("/v1/evens")).toMatchObject({
    status: 404,
    body: {
      type: "https://jackfield.dev/problems/not-found",
      title: "Nothing of that name exists",
      status: 404,
      instance: "/v1/evens",
      code: "E_NOT_FOUND",
      next: expect.stringContaining("/openapi.json") as string,
    },
  });
  expect(await bed.call("/v1/events", { method: "DELETE" })).toMatchObject({
    status: 405,
    body: { next: "it takes GET, POST" },
  });
  expect(await bed.call("/v1/events/%zz")).toMatchObject({ status: 400, body: { status: 400 } });
});

test("a body that breaks the contract of its route is told by its place", async () => {
  const bound = await bed.call("/v1/bindings", { json: { capability: "Train!", handler: "boost" } });
  expect(bound).toMatchObject({ status: 422, body: { code: "E_INVALID", here: "/capability" } });
  const limit = await bed.call("/v1/events?limit=many");
  expect(limit).toMatchObject({ status: 422, body: { here: "/limit" } });
});

test("a service that is not there is 503 and named", async () => {
  const runs = await bed.call("/v1/runs");
  expect(runs).toMatchObject({ status: 503, body: { code: "E_UNREACHABLE" } });
  expect(runs.headers.get("retry-after")).toBe("5");
  expect((runs.body as { what: string }).what).toContain("tracker");
});

test("a log is asked of the handler that has it, and of no other", async () => {
  const asked: unknown[] = [];
  const piece = { text: "epoch 1\n", next: 12, ended: false };
  await using _ = await answer(bed.events, "logs.boost", async (input) => (asked.push(input), piece));
  const query = "project=weather&attempt=2&stream=stderr";
  expect(await bed.call(`/v1/tasks/r%2Ftrain/logs?${query}&handler=boost&from=4`)).toMatchObject({
    status: 200,
    body: piece,
  });
  expect(asked).toEqual([{ task: "r/train", attempt: 2, stream: "stderr", from: 4 }]);
  expect(await bed.call(`/v1/tasks/r%2Ftrain/logs?${query}&handler=other`)).toMatchObject({
    status: 503,
    body: { code: "E_UNREACHABLE", why: "nobody listens on logs.other" },
  });
});

test("with a token, everything but the signs of life asks for it; the token of a task opens artifacts only", async () => {
  await using closed = await openBed({
    natsUrl: nats.url,
    freshDatabase,
    prefix: prefix(),
    environment: { JACKFIELD_TOKEN: "a-token-of-the-story" },
  });
  const refused = await closed.call("/v1/projects");
  expect(refused).toMatchObject({ status: 401, body: { code: "E_TOKEN_SCOPE" } });
  expect(refused.headers.get("www-authenticate")).toContain("Bearer");
  const shown = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  expect((await closed.call("/v1/projects", shown("another-token-here"))).status).toBe(401);
  expect((await closed.call("/v1/projects", shown("a-token-of-the-story"))).status).toBe(503);
  expect((await closed.call("/healthz")).status).toBe(200);
  expect((await closed.call("/metrics")).status).toBe(401);

  const bytes = "an input of the task";
  const task = { task: "r/train", handler: "boost", attempt: 1, instance: "one" };
  const triggered = {
    specversion: "1.0" as const,
    id: "t",
    source: "/jackfield/conductor",
    type: "t",
    project: "w",
  };
  const token = createTokens("a secret of the story").sign({
    assignment: { ...task, triggered },
    inputs: [digestOf(bytes)],
    until: new Date(Date.now() + 60_000).toISOString(),
  });
  const at = `/v1/artifacts/${digestOf(bytes)}`;
  expect((await closed.call(at, { method: "PUT", body: bytes })).status).toBe(401);
  expect((await closed.call(`${at}?token=${token}`, { method: "PUT", body: bytes })).status).toBe(201);
  expect(await closed.call(at, shown(token))).toMatchObject({ status: 200, body: bytes });
  expect((await closed.call(`/v1/events?token=${token}`, shown(token))).status).toBe(401);
  const log = "/v1/tasks/r%2Ftrain/logs?handler=boost&attempt=1&stream=stdout";
  expect((await closed.call(log, shown(token))).status).toBe(401);
});

test("without a token no page of another site comes in, by its origin or by a name of its own for this machine", async () => {
  const app = createApp(openGate);
  app.post("/v1/runs/x/abort", { config: { scope: "operate" } }, async () => ({}));
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await app.inject({ method: "POST", url: "/v1/runs/x/abort", headers })).statusCode;
  expect(await status({ host: "127.0.0.1:7733" })).toBe(200);
  expect(await status({ host: "localhost:7733", origin: "http://localhost:7733" })).toBe(200);
  expect(await status({ host: "127.0.0.1:7733", origin: "https://evil.example" })).toBe(403);
  expect(await status({ host: "127.0.0.1:7733", origin: "null" })).toBe(403);
  expect(await status({ host: "evil.example:7733" })).toBe(421);
});

test("others than this machine come in only with a token", () => {
  const config = (more: object) => gatewayConfig.parse(more);
  expect(addressOf(config({}))).toEqual({ host: "127.0.0.1", port: 7733 });
  expect(addressOf(config({ JACKFIELD_URL: "http://127.0.0.1:8123" })).port).toBe(8123);
  expect(addressOf(config({ JACKFIELD_URL: "https://jackfield.example:8123" })).port).toBe(7733);
  expect(() => addressOf(config({ JACKFIELD_GATEWAY_HOST: "0.0.0.0" }))).toThrow("without a token");
  const open = { JACKFIELD_GATEWAY_HOST: "0.0.0.0", JACKFIELD_TOKEN: "sixteen-letters-or-more" };
  expect(addressOf(config(open)).host).toBe("0.0.0.0");
});
