import { answerTo, listenFor } from "@jackfield/service/answer";
import { bind, pause } from "@jackfield/spec/ask/conductor";
import { runs } from "@jackfield/spec/ask/tracker";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../../test/bed/servers.ts";
import { until } from "../../../test/bed/until.ts";
import { openBed, type Bed } from "../fixture/bed.ts";
import { openTail, type OpenTail } from "../fixture/sse.ts";

const nats = natsForThisFile();
const adminToken = "the-administrator-of-the-story";
let bed: Bed;
let listening: AsyncDisposable;
let asked: unknown[] = [];

const remember = (input: unknown) => {
  asked.push(input);
  return { position: "1-1", event: "e" };
};

beforeAll(async () => {
  const environment = { JACKFIELD_TOKEN: adminToken, JACKFIELD_GATEWAY_TOKEN_STREAMS: "2" };
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), environment });
  listening = await listenFor(bed.events, [
    answerTo(pause, async (input) => remember(input)),
    answerTo(bind, async (input) => ({ ...remember(input), handler: "x", previous: null, shadows: [] })),
    answerTo(runs, async (input) => (remember(input), { runs: [] })),
  ]);
  await until("the gateway reads", async () => (await bed.call("/readyz")).status === 200);
});
afterAll(async () => {
  await listening[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});
beforeEach(() => (asked = []));

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Calls of somebody with a token that says this. */
async function caller(json: object): Promise<(path: string, body?: object) => ReturnType<Bed["call"]>> {
  const said = { scopes: ["read", "emit", "operate", "handle"], ...json };
  const { body } = await bed.call("/v1/tokens", { headers: bearer(adminToken), json: said });
  const { token } = body as { token: string };
  return (path, json) => bed.call(path, { headers: bearer(token), ...(json !== undefined && { json }) });
}

const refused = { status: 403, body: { code: "E_TOKEN_SCOPE" } };

test("a token for one project asks within it, and a query without one is about that one", async () => {
  const call = await caller({ name: "ana", projects: ["weather"] });
  expect((await call("/v1/runs")).status).toBe(200);
  expect((await call("/v1/runs?project=weather")).status).toBe(200);
  expect(asked).toMatchObject([{ project: "weather" }, { project: "weather" }]);
  expect(await call("/v1/runs?project=airports")).toMatchObject(refused);
  expect(await call("/v1/runs/airports%3Ax-1/pause", {})).toMatchObject(refused);
  expect(await call("/v1/runs/airports%3Ax-1/pause?project=weather", {})).toMatchObject(refused);
  expect(await call("/v1/bindings", { capability: "train", handler: "x" })).toMatchObject(refused);
  expect(await call("/v1/withheld")).toMatchObject(refused);
  expect(await call("/v1/handlers/boost", { instance: "1", concurrency: 1 })).toMatchObject(refused);
  expect(asked).toHaveLength(2);
});

test("a token for several has to say which", async () => {
  const call = await caller({ name: "ben", projects: ["weather", "airports"] });
  expect(await call("/v1/runs")).toMatchObject(refused);
  expect((await call("/v1/runs?project=airports")).status).toBe(200);
});

test("who decides is the name of the token, whatever the body says", async () => {
  const call = await caller({ name: "carla", projects: ["weather"] });
  const binding = { capability: "train", handler: "x", project: "weather", by: "somebody-else" };
  expect((await call("/v1/bindings", binding)).status).toBe(200);
  expect((await call("/v1/runs/weather%3Aseattle-1/pause", { by: "x" })).status).toBe(200);
  expect(asked).toMatchObject([{ by: "carla" }, { by: "carla", project: "weather" }]);
});

test("an event carries the token's name; its project and its source are the token's", async () => {
  const call = await caller({ name: "github", projects: ["weather"], source: "/ci/github" });
  const tail = await openTail(`${bed.url}/v1/events/stream`, undefined, bearer(adminToken));
  const said = { type: "com.example.pushed", project: "weather" };
  expect((await call("/v1/events", { ...said, id: "own", authid: "root" })).status).toBe(202);
  expect((await call("/v1/events", { ...said, source: "/ci/github/9" })).status).toBe(202);
  const notYours = { status: 403, body: { code: "E_NOT_YOURS", here: "/source" } };
  expect(await call("/v1/events", { ...said, source: "/ci/githubby" })).toMatchObject(notYours);
  expect(await call("/v1/events", { ...said, project: "airports" })).toMatchObject(refused);
  expect(await call("/v1/events", { type: said.type })).toMatchObject(refused);
  const other = await caller({ name: "gitlab" });
  expect(await other("/v1/events", { ...said, source: "/ci/github/9" })).toMatchObject(notYours);
  let told = await tail.next();
  while (told?.name === "heartbeat") told = await tail.next();
  expect(told?.data.event).toMatchObject({
    id: "own",
    source: "/ci/github",
    authid: "github",
    authtype: "api_key",
  });
  tail.close();
});

test("only an administrator registers a handler of all projects", async () => {
  const call = await caller({ name: "dora" });
  const global = { version: "1", contracts: {}, project: null, instance: "1", concurrency: 1 };
  expect(await call("/v1/handlers/boost", global)).toMatchObject(refused);
});

test("an open stream ends, and says so, within five seconds after its token was taken back", async () => {
  const { body } = await bed.call("/v1/tokens", {
    headers: bearer(adminToken),
    json: { name: "eve", scopes: ["read"], projects: ["weather"] },
  });
  const { id, token } = body as { id: string; token: string };
  const open = (): Promise<OpenTail> =>
    openTail(`${bed.url}/v1/events/stream?project=weather`, undefined, bearer(token));
  const tails = [await open(), await open()];
  const third = await fetch(`${bed.url}/v1/events/stream`, { headers: bearer(token) });
  expect([third.status, third.headers.get("retry-after")]).toEqual([429, "5"]);
  const began = performance.now();
  await bed.call(`/v1/tokens/${id}/revoke`, { headers: bearer(adminToken), json: {} });
  for (const tail of tails) {
    let told = await tail.next();
    while (told?.name === "heartbeat") told = await tail.next();
    expect(told).toMatchObject({ name: "problem", data: { code: "E_TOKEN_SCOPE" } });
    expect(await tail.next()).toBeUndefined();
  }
  expect(performance.now() - began).toBeLessThan(5_000);
});
