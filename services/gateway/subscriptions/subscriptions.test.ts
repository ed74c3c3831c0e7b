import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../../test/bed/servers.ts";
import { until } from "../../../test/bed/until.ts";
import { tracker } from "../../tracker/main.ts";
import { openBed, type Bed } from "../fixture/bed.ts";
import { openTool, type Tool } from "../fixture/tool.ts";
import { nextTryMs, readPlan, usualPlan } from "./retry-plan.ts";

const nats = natsForThisFile();
let bed: Bed;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let tool: Tool;
let count = 0;

beforeAll(async () => {
  const environment = {
    JACKFIELD_WEBHOOK_ALLOW: "127.0.0.0/8",
    JACKFIELD_WEBHOOK_PLAN: "0.2,0.2,0.2,0.2,0.2,0.2,0.2,0.2",
    JACKFIELD_GATEWAY_HEARTBEAT_SECONDS: "0.2",
  };
  bed = await openBed({ natsUrl: nats.url, prefix: prefix(), freshDatabase, environment });
  database = await freshDatabase();
  const log = await bed.start(tracker, database.url);
  await until("the tracker reads", () => log.ready().ready);
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await database.drop();
});
beforeEach(async () => (tool = await openTool()));
afterEach(async () => {
  const { body } = await bed.call("/v1/subscriptions");
  for (const { id } of (body as { subscriptions: { id: string }[] }).subscriptions)
    await bed.call(`/v1/subscriptions/${id}`, { method: "DELETE" });
  await tool[Symbol.asyncDispose]();
});

interface Subscription {
  id: string;
  secret: string;
  paused?: string;
  failures: number;
}

async function subscribe(more: object = {}): Promise<Subscription> {
  const json = { sink: tool.url, protocol: "HTTP", project: "weather", ...more };
  const { status, body } = await bed.call("/v1/subscriptions", { json });
  expect(status).toBe(201);
  tool.secret = (body as Subscription).secret;
  return body as Subscription;
}

const look = async ({ id }: Subscription): Promise<Subscription> =>
  (await bed.call(`/v1/subscriptions/${id}`)).body as Subscription;

async function happen(type = "com.example.built", more: object = {}): Promise<string> {
  const id = `event-${(count += 1)}`;
  await bed.publisher.publish({ specversion: "1.0", id, source: "/ci", type, project: "weather", ...more });
  return id;
}

const ids = (): string[] => tool.sent.map(({ event }) => event.id);
const told = (id: string) => until(`${id} is told`, () => ids().includes(id));

test("events that the filters let through are posted, signed, in order; others are not", async () => {
  const filters = [
    { prefix: { type: "com.example." } },
    { not: { exact: { subject: "secret" } } },
    { sql: "id <> 'x'" },
  ];
  await subscribe({ filters });
  const wanted: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    wanted.push(await happen());
    await happen("org.other");
    await happen("com.example.built", { subject: "secret" });
    await happen("com.example.built", { project: "other" });
  }
  await told(wanted.at(-1) ?? "");
  expect(ids()).toEqual(wanted);
  expect(tool.sent.map(({ refusal }) => refusal)).toEqual(wanted.map(() => undefined));
  expect(tool.sent[0]?.headers["content-type"]).toMatch(/^application\/cloudevents\+json/);
});

test("after a restart it goes on where it was: what happened meanwhile is told, in order", async () => {
  await subscribe();
  await told(await happen());
  await tool.close();
  const meanwhile = [await happen(), await happen()];
  await bed.restart();
  await tool.open();
  meanwhile.push(await happen());
  await told(meanwhile.at(-1) ?? "");
  expect(ids().slice(1)).toEqual(meanwhile);
});

test("from the start on, all that the log has is told", async () => {
  const known = await happen("com.example.old");
  await subscribe({ config: { from: "start" }, filters: [{ exact: { type: "com.example.old" } }] });
  await told(known);
});

test("a delivery that fails is tried again by the plan, then it stands still, visibly, until somebody resumes it", async () => {
  const subscription = await subscribe();
  tool.answers = (_, response) => response.writeHead(500).end();
  const [first, second] = [await happen(), await happen()];
  await until("it stands still", async () => (await look(subscription)).paused);
  expect(ids()).toEqual(Array.from({ length: 9 }, () => first));
  expect(new Set(tool.sent.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(await look(subscription)).toMatchObject({ failures: 9, paused: "9 tries failed: it answered 500" });
  expect(JSON.stringify(await look(subscription))).not.toContain("whsec");
  tool.answers = (_, response) => response.writeHead(204).end();
  await bed.call(`/v1/subscriptions/${subscription.id}/resume`, { json: {} });
  await told(second);
  expect(ids().slice(9)).toEqual([first, second]);
});

test("410 stops at once, and a redirect is a failure that nobody follows", async () => {
  const gone = await subscribe();
  tool.answers = (_, response) => response.writeHead(410).end();
  await happen();
  await until("it stands still", async () => (await look(gone)).paused);
  expect(await look(gone)).toMatchObject({ paused: "it answered 410 Gone" });
  expect(tool.sent).toHaveLength(1);
});

test("events are told as CDEvents to those who want them so", async () => {
  await subscribe({ config: { format: "cdevents" } });
  await bed.call("/v1/events", {
    json: {
      type: "code.changed",
      project: "weather",
      id: "push-1",
      source: "/ci",
      data: { repository: "https://git.example/weather", ref: "refs/heads/main", commit: "a".repeat(40) },
    },
  });
  await until("it is told", () => tool.sent[0]);
  expect(tool.sent[0]?.event.type).toMatch(/^dev\.cdevents/);
  expect(tool.sent[0]?.event.data).toMatchObject({ context: { specversion: "0.5.1" } });
});

test.each([
  ["an unknown dialect", { filters: [{ regex: { type: ".*" } }] }, 422],
  ["two dialects in one", { filters: [{ exact: { type: "a" }, prefix: { type: "a" } }] }, 422],
  ["an empty any", { filters: [{ any: [] }] }, 422],
  ["an expression that is none", { filters: [{ sql: "type = " }] }, 400],
  ["another protocol", { protocol: "KAFKA" }, 422],
  ["an inner address", { sink: "http://169.254.169.254/" }, 400],
])("%s is refused", async (_what, more, status) => {
  const json = { sink: tool.url, protocol: "HTTP", ...more };
  expect((await bed.call("/v1/subscriptions", { json })).status).toBe(status);
});

test("the plan is that of Standard Webhooks, with jitter, and Retry-After is heard", () => {
  expect(usualPlan.map((_, index) => nextTryMs(index + 1, { random: 0 }))).toEqual(
    usualPlan.map((seconds) => seconds * 1_000),
  );
  expect(nextTryMs(1, { random: 0.5 })).toBe(5_500);
  expect(nextTryMs(1, { random: 0, afterSeconds: 60 })).toBe(60_000);
  expect(nextTryMs(usualPlan.length + 1, { random: 0 })).toBeUndefined();
  expect(() => readPlan("soon")).toThrow(/no plan/);
});
