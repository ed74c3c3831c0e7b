import { digestOf } from "@jackfield/spec/event/canonical";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType, shortType } from "@jackfield/spec/event/type";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { lifeOf, openBed, type Bed } from "./fixture/bed.ts";
import { answerAsConductor, type StoryConductor } from "./fixture/conductor.ts";

const nats = natsForThisFile();
let bed: Bed;
let conductor: StoryConductor;
let count = 0;

beforeAll(async () => {
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  conductor = await answerAsConductor(bed.events);
});
afterAll(async () => {
  await conductor.close();
  await bed[Symbol.asyncDispose]();
});
beforeEach(() => (conductor.mayGoOn = { go: true, untilSeconds: 20 }));

const instance = "story-1";
const description = { version: "3f9a12bc", contracts: { train: { from: "1.0.0", to: "1.0.0" } } };
const register = (more: object = {}) =>
  bed.call("/v1/handlers/boost", {
    json: { ...description, project: "weather", instance, concurrency: 1, ...more },
  });
const next = (wait = "5s", signal?: AbortSignal) =>
  bed.call(`/v1/handlers/boost/next?wait=${wait}&instance=${instance}`, {
    ...(signal !== undefined && { signal }),
  });

interface Pulled {
  task: string;
  token: string;
  deadline: string;
  event: CloudEvent;
}

/** The conductor gives the handler a task; answers with its id. */
async function trigger(more: Partial<CloudEvent> = {}): Promise<string> {
  count += 1;
  const task = `run${count}/train`;
  await bed.publisher.publish({
    specversion: "1.0",
    id: `${task}/boost/1/triggered`,
    source: "/jackfield/conductor",
    type: eventType("train", "triggered", "1.0.0"),
    subject: task,
    project: "weather",
    run: `run${count}`,
    correlationid: "the-story",
    handler: "boost",
    role: "primary",
    attempt: 1,
    data: {
      inputs: { dataset: { train: { digest: digestOf("input"), size: 5, mediaType: "text/csv" } } },
      limits: { startSeconds: 30, leaseSeconds: 15, finishSeconds: 600, attempts: 3 },
      handlerversion: "3f9a12bc",
    },
    ...more,
  });
  return task;
}

async function pulled(): Promise<Pulled> {
  await register();
  const task = await trigger();
  const { status, body } = await next();
  expect(status).toBe(200);
  expect(body).toMatchObject({ task });
  return body as Pulled;
}

const say = (task: string, what: string, json: object) =>
  bed.call(`/v1/tasks/${encodeURIComponent(task)}/${what}`, { json });

const steps = async (task: string) => (await lifeOf(bed, task)).map(({ type }) => shortType(type).slice(6));

const bytes = { mediaType: "application/octet-stream", digest: digestOf("model"), size: 5 };
const outputs = {
  model: bytes,
  predictions: { ...bytes, rows: 1, columns: [{ name: "prediction", type: "string" }] },
};

test("a task's whole life goes by HTTP: taken is started, then heartbeat, progress, and the answer", async () => {
  const { task, token, deadline, event } = await pulled();
  expect(Date.parse(deadline)).toBeGreaterThan(Date.now() + 500_000);
  expect(event.data).toMatchObject({ limits: { finishSeconds: 600 } });
  expect(conductor.registered.at(-1)).toMatchObject({ handler: "boost", instance, concurrency: 1 });
  expect(await say(task, "heartbeat", { token })).toMatchObject({ status: 200, body: { untilSeconds: 20 } });
  expect(await say(task, "progress", { token, fraction: 0.5, mine: "kept" })).toMatchObject({ status: 202 });
  const done = { token, status: "succeeded", result: "warning", outputs, message: "fitted" };
  const answer = await say(task, "finished", done);
  expect(answer).toMatchObject({ status: 202, body: { id: `${task}/boost/1/finished` } });
  expect((await say(task, "finished", done)).status).toBe(202);
  const life = await lifeOf(bed, task);
  expect(life.map(({ type }) => shortType(type))).toEqual([
    "train.triggered",
    "train.started",
    "train.progressed",
    "train.finished",
  ]);
  expect(life[2]?.data).toEqual({ fraction: 0.5, mine: "kept" });
  expect(life[3]).toMatchObject({
    source: "/jackfield/handlers/boost",
    triggeredid: event.id,
    correlationid: "the-story",
    status: "succeeded",
    result: "warning",
    data: { message: "fitted", outputs: { model: bytes } },
  });
  expect((await next("0s")).status).toBe(204);
});

test("an answer that breaks the contract is told by its field, and may be said again", async () => {
  const { task, token } = await pulled();
  const wrong = { ...outputs, predictions: { ...outputs.predictions, rows: "one" } };
  const refused = await say(task, "finished", { token, status: "succeeded", outputs: wrong });
  expect(refused).toMatchObject({
    status: 422,
    body: { code: "E_INVALID", here: "/outputs/predictions/rows" },
  });
  expect(await steps(task)).toEqual(["triggered", "started"]);
  expect((await say(task, "finished", { token, status: "succeeded", outputs })).status).toBe(202);
});

test("a gateway that starts anew knows the tasks it gave out, and asks runners to register again", async () => {
  const { task, token } = await pulled();
  await bed.restart();
  expect(await next("0s")).toMatchObject({ status: 404, body: { code: "E_NO_HANDLER" } });
  expect((await say(task, "heartbeat", { token })).status).toBe(200);
  const problem = { code: "E_EXIT", what: "it exited with 1" };
  expect((await say(task, "finished", { token, status: "errored", problem })).status).toBe(202);
  expect((await lifeOf(bed, task)).at(-1)).toMatchObject({ status: "errored", data: { problem } });
});

test("a heartbeat says stop, and why; when nobody answers, the work goes on", async () => {
  const { task, token } = await pulled();
  conductor.mayGoOn = { go: false, reason: "abort" };
  expect(await say(task, "heartbeat", { token })).toMatchObject({
    status: 410,
    body: { code: "E_LEASE_LOST", why: "abort" },
  });
  await conductor.close();
  expect((await say(task, "heartbeat", { token })).status).toBe(200);
  conductor = await answerAsConductor(bed.events);
});

test("a token is good for its task alone, and only as it was given", async () => {
  const { task, token } = await pulled();
  const refusal = { status: 403, body: { code: "E_TOKEN_SCOPE" } };
  expect(await say("run0/train", "heartbeat", { token })).toMatchObject(refusal);
  const [body = "", signature = ""] = token.split(".");
  const changed = Buffer.from(body, "base64url").toString().replace("boost", "other");
  const forged = `${Buffer.from(changed).toString("base64url")}.${signature}`;
  for (const bad of [forged, `${body}.`, "", "x.y"])
    expect(await say(task, "finished", { token: bad, status: "succeeded" })).toMatchObject(refusal);
});

/** How many requests for a task the stream holds open for the handler. */
const waiting = async (): Promise<number> =>
  (await bed.events.manager.consumers.info(bed.events.stream, "weather-boost-train")).num_waiting;

async function waitAndLeave(): Promise<AbortController> {
  await register();
  const gone = new AbortController();
  void next("20s", gone.signal).catch(() => undefined);
  await until("it waits", async () => (await waiting()) > 0);
  return gone;
}

test("a runner that goes away while it waits leaves the task to the next one", async () => {
  const gone = await waitAndLeave();
  gone.abort();
  await until("nobody waits", async () => (await waiting()) === 0);
  const task = await trigger();
  const { status, body } = await next("10s");
  expect([status, (body as Pulled).task]).toEqual([200, task]);
  expect(await steps(task)).toEqual(["triggered", "started"]);
});

test("a task that comes while its runner goes away is handed back, or given to the next: never lost", async () => {
  for (let round = 0; round < 5; round += 1) {
    const gone = await waitAndLeave();
    const coming = trigger();
    gone.abort();
    const task = await coming;
    await until("somebody has it, or it is handed back", async () => {
      if (((await next("0s")).body as Pulled | undefined)?.task === task) return true;
      const { data } = (await lifeOf(bed, task)).at(-1) ?? {};
      return (data as { problem?: { code: string } }).problem?.code === "E_HANDED_BACK";
    });
  }
});

test("what may have been worked on before is given out only when the conductor says so", async () => {
  await register();
  conductor.mayGoOn = { go: false, reason: "stale" };
  const before = conductor.leases.length;
  const data = { inputs: {}, limits: { startSeconds: 0, leaseSeconds: 15, finishSeconds: 60, attempts: 1 } };
  const stale = await trigger({ data: { ...data, handlerversion: "1" } });
  const coming = next();
  await until("it was asked for", () => conductor.leases.length > before);
  await until("the runner waits", async () => (await waiting()) > 0);
  const fresh = await trigger();
  const { body } = await coming;
  expect((body as Pulled).task).toBe(fresh);
  expect(conductor.leases.slice(before)).toMatchObject([{ task: stale, instance }]);
  expect(await steps(stale)).toEqual(["triggered"]);
});

test("who posts an event hears who listens to it, and which triggers said no", async () => {
  const json = { type: "com.example.said", source: "/ci", id: "heard" };
  expect(await bed.call("/v1/events", { json })).toMatchObject({
    status: 202,
    body: {
      listeners: [{ workflow: "lifecycle", run: "heard" }],
      refused: [{ trigger: "check", clause: "outcome=fail" }],
    },
  });
});
