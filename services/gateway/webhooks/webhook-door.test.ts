import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType, shortType } from "@jackfield/spec/event/type";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../../test/bed/servers.ts";
import { until } from "../../../test/bed/until.ts";
import { lifeOf, openBed, type Bed } from "../fixture/bed.ts";
import { answerAsConductor, type StoryConductor } from "../fixture/conductor.ts";
import { openTool, type Tool } from "../fixture/tool.ts";

const nats = natsForThisFile();
let bed: Bed;
let conductor: StoryConductor;
let tool: Tool;
let count = 0;

beforeAll(async () => {
  const environment = { JACKFIELD_WEBHOOK_ALLOW: "127.0.0.0/8" };
  bed = await openBed({ natsUrl: nats.url, prefix: prefix(), freshDatabase, environment });
  conductor = await answerAsConductor(bed.events);
});
afterAll(async () => {
  await conductor.close();
  await bed[Symbol.asyncDispose]();
});
beforeEach(async () => {
  conductor.mayGoOn = { go: true, untilSeconds: 20 };
  conductor.registered.length = 0;
  tool = await openTool();
  const { status, body } = await register();
  expect(status).toBe(201);
  tool.secret = (body as { secret: string }).secret;
});
afterEach(async () => {
  await bed.call("/v1/handlers/hook/webhook/remove", { json: { project: "weather" } });
  await tool[Symbol.asyncDispose]();
});

const register = (more: object = {}) =>
  bed.call("/v1/handlers/hook/webhook", {
    json: {
      url: tool.url,
      project: "weather",
      contracts: { notify: { from: "1.0.0", to: "1.0.0" } },
      rotate: true,
      ...more,
    },
  });

const limits = { startSeconds: 30, leaseSeconds: 0.6, finishSeconds: 60, attempts: 3 };

/** The conductor gives the handler a task; answers with its id. */
async function trigger(more: object = {}): Promise<string> {
  count += 1;
  const task = `run${count}/notify`;
  await bed.publisher.publish({
    specversion: "1.0",
    id: `${task}/hook/1/triggered`,
    source: "/jackfield/conductor",
    type: eventType("notify", "triggered", "1.0.0"),
    subject: task,
    ...{ project: "weather", run: `run${count}`, handler: "hook", role: "primary", attempt: 1 },
    data: { inputs: { text: "hello" }, limits: { ...limits, ...more }, handlerversion: "1" },
  });
  return task;
}

const finishOf = (task: string): Promise<CloudEvent> =>
  until(`${task} is finished`, async () =>
    (await lifeOf(bed, task)).find(({ type }) => shortType(type) === "notify.finished"),
  );
const json = { "content-type": "application/json" };

test("a task is posted, signed, and 200 with its output is the finish", async () => {
  tool.answers = (_, response) => response.writeHead(200, json).end('{"sent":1}');
  const task = await trigger();
  expect(await finishOf(task)).toMatchObject({
    source: "/jackfield/handlers/hook",
    triggeredid: `${task}/hook/1/triggered`,
    ...{ status: "succeeded", result: "pass", data: { outputs: { sent: 1 } } },
  });
  const [sent] = tool.sent;
  expect(sent?.refusal).toBeUndefined();
  expect(sent?.event).toMatchObject({ id: `${task}/hook/1/triggered`, data: { inputs: { text: "hello" } } });
  expect(sent?.headers["webhook-id"]).not.toContain(".");
  expect((await lifeOf(bed, task)).map(({ type }) => shortType(type))).toEqual([
    "notify.triggered",
    "notify.started",
    "notify.finished",
  ]);
});

test("a finished CloudEvent may say fail; one for another task is no answer", async () => {
  const answer = (triggeredid: string) => ({
    ...{ specversion: "1.0", id: "a", source: "/tool", type: eventType("notify", "finished", "1.0.0") },
    ...{ triggeredid, status: "succeeded", result: "fail", data: { message: "too loud" } },
  });
  const say = (of: (sent: Tool["sent"][number]) => string): void => {
    tool.answers = (sent, response) =>
      response
        .writeHead(200, { "content-type": "application/cloudevents+json" })
        .end(JSON.stringify(answer(of(sent))));
  };
  say(({ event }) => event.id);
  expect(await finishOf(await trigger())).toMatchObject({ result: "fail", data: { message: "too loud" } });
  say(() => "somebody-else");
  expect(await finishOf(await trigger())).toMatchObject({
    status: "errored",
    data: { problem: { code: "E_TARGET_REFUSED" } },
  });
});

test.each([
  [400, {}, { code: "E_TARGET_REFUSED" }, false],
  [302, { location: "http://127.0.0.1:1/" }, { code: "E_TARGET_REFUSED" }, false],
  [503, { "retry-after": "7" }, { code: "E_TARGET_DOWN", retryAfterSeconds: 7 }, true],
])("%i ends the attempt as the retry table says", async (status, headers, problem, retry) => {
  tool.answers = (_, response) => response.writeHead(status, headers).end("no");
  expect(await finishOf(await trigger())).toMatchObject({ status: "errored", data: { problem, retry } });
  expect(tool.sent).toHaveLength(1);
});

test("202: the answer is posted later with the task's token, also to a gateway that started anew", async () => {
  tool.answers = (_, response) => response.writeHead(202).end();
  const task = await trigger();
  const { event } = await until("it is sent", () => tool.sent[0]);
  const { taskurl, tasktoken: token } = event as CloudEvent & { taskurl: string; tasktoken: string };
  await until("it is started", async () => (await lifeOf(bed, task)).length === 2);
  await bed.restart();
  const say = async (what: string, body: object): Promise<number> =>
    (
      await fetch(`${taskurl}/${what}`, {
        method: "POST",
        headers: json,
        body: JSON.stringify({ token, ...body }),
      })
    ).status;
  expect(await say("heartbeat", {})).toBe(200);
  conductor.mayGoOn = { go: false, reason: "abort" };
  expect(await say("heartbeat", {})).toBe(410);
  conductor.mayGoOn = { go: true, untilSeconds: 20 };
  expect(await say("finished", { status: "succeeded", outputs: { sent: 2 } })).toBe(202);
  expect(await finishOf(task)).toMatchObject({ status: "succeeded", data: { outputs: { sent: 2 } } });
});

test("202 without a heartbeat: the gateway asks for the lease, also after it started anew, until it is told no", async () => {
  await register({ heartbeat: "none", rotate: false });
  tool.answers = (_, response) => response.writeHead(202).end();
  const task = await trigger();
  const asked = () => conductor.leases.filter((lease) => lease.task === task).length;
  await until("it is sent", () => tool.sent[0]);
  const atFirst = asked();
  await until("its lease is asked for", () => asked() > atFirst);
  await bed.restart();
  const before = asked();
  await until("and again", () => asked() > before);
  conductor.mayGoOn = { go: false, reason: "stale" };
  const then = asked();
  await until("a last time", () => asked() > then);
  const last = asked();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(asked()).toBe(last);
});

test("an abort closes the request", async () => {
  tool.answers = () => undefined;
  const task = await trigger();
  const { closed } = await until("it is at work", () => tool.sent[0]);
  conductor.mayGoOn = { go: false, reason: "abort" };
  expect(await finishOf(task)).toMatchObject({ status: "aborted", data: { problem: { code: "E_ABORTED" } } });
  await until("the tool sees it", () => closed.aborted);
});

test("work that takes longer than it may ends as timed out, and a gateway that goes hands back", async () => {
  tool.answers = () => undefined;
  expect(await finishOf(await trigger({ finishSeconds: 0.4 }))).toMatchObject({ status: "timedout" });
  const task = await trigger();
  await until("it is at work", () => tool.sent[1]);
  await bed.restart();
  expect(await finishOf(task)).toMatchObject({ data: { problem: { code: "E_HANDED_BACK" }, retry: true } });
});

test("while nobody is there, tasks wait: no attempt is begun, and the conductor hears that the handler left", async () => {
  await until("it is registered", () => conductor.registered.some(({ leaving }) => leaving !== true));
  conductor.registered.length = 0;
  await tool.close();
  const task = await trigger();
  await until("it left", () => conductor.registered.some(({ leaving }) => leaving));
  expect(await lifeOf(bed, task)).toHaveLength(1);
  tool.answers = (_, response) => response.writeHead(200, json).end("{}");
  await tool.open();
  expect(await finishOf(task)).toMatchObject({ status: "succeeded", attempt: 1 });
});

test("410 is the last word: nothing more is sent, and whoever looks sees why", async () => {
  tool.answers = (_, response) => response.writeHead(410).end();
  expect(await finishOf(await trigger())).toMatchObject({ data: { problem: { code: "E_TARGET_DOWN" } } });
  const next = await trigger();
  const look = async () => (await bed.call("/v1/handlers/hook/webhook?project=weather")).body;
  await until("it is disabled", async () => ((await look()) as { disabled?: string }).disabled);
  expect(await look()).toMatchObject({ disabled: "it answered 410 Gone" });
  expect(JSON.stringify(await look())).not.toContain("whsec");
  expect(await lifeOf(bed, next)).toHaveLength(1);
});

test("a secret is told once; a new one signs beside the old", async () => {
  const { body } = await register({ rotate: false });
  expect(body).not.toHaveProperty("secret");
  const old = tool.secret;
  const next = ((await register()).body as { secret: string }).secret;
  expect(next).not.toBe(old);
  await finishOf(await trigger());
  expect(tool.sent[0]?.refusal).toBeUndefined();
  tool.secret = next;
  await finishOf(await trigger());
  expect(tool.sent[1]?.refusal).toBeUndefined();
});

test("S11: an address inside is refused at registration, unless the settings open it", async () => {
  expect(await register({ url: "http://10.0.0.1/" })).toMatchObject({
    status: 400,
    body: { code: "E_TARGET_REFUSED" },
  });
  expect(await register({ url: "ftp://example.com/" })).toMatchObject({ status: 400 });
});
