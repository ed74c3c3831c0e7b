import { readLog } from "@jackfield/events/log-reader";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { CloudEvent as SdkEvent, HTTP } from "cloudevents";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { tracker } from "../tracker/main.ts";
import { openBed, type Bed } from "./fixture/bed.ts";

const nats = natsForThisFile();
let bed: Bed;
let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  const service = await bed.start(tracker, database.url);
  await until("the tracker reads", () => service.ready().ready);
  await until("the gateway reads", async () => (await bed.call("/readyz")).status === 200);
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await database.drop();
});

const structured = (event: object | string, type = "application/cloudevents+json") =>
  bed.call("/v1/events", {
    method: "POST",
    headers: { "content-type": type },
    body: typeof event === "string" ? event : JSON.stringify(event),
  });

const foreign = (id: string, more: object = {}) => ({
  specversion: "1.0",
  id,
  source: "/ci/story",
  type: "com.example.pushed",
  ...more,
});

/** The events that the stream holds now, from its beginning. */
async function inStream(): Promise<CloudEvent[]> {
  const found: CloudEvent[] = [];
  const done = new AbortController();
  await readLog(bed.events, {
    from: undefined,
    signal: done.signal,
    onBatch: async (batch) => void found.push(...batch.flatMap(({ event }) => event ?? [])),
    onIdle: () => done.abort(),
  });
  return found;
}

const kept = async (id: string): Promise<CloudEvent | undefined> =>
  (await inStream()).find((event) => event.id === id);

test("a structured event of another's type is kept as it came: extensions, 64 bits, its own time", async () => {
  const body = `{"specversion":"1.0","id":"big","source":"/ci/story","type":"com.example.pushed",
    "time":"2026-01-02T03:04:05.678901+02:00","myext":"kept","data":{"n":9007199254740993,"zero":0,"none":null}}`;
  const { status, body: answer } = await structured(body);
  expect(status).toBe(202);
  expect(answer).toMatchObject({ id: "big", type: "com.example.pushed", duplicate: false });
  const read = await kept("big");
  expect(read).toMatchObject({ myext: "kept", time: "2026-01-02T03:04:05.678901+02:00" });
  expect(read?.data).toEqual({ n: 9007199254740993n, zero: 0, none: null });
  const shown = await fetch(`${bed.url}/v1/events/big?after=${(answer as { position: string }).position}`);
  expect(await shown.text()).toContain('"n":9007199254740993');
});

test("a binary event comes in with its headers decoded and its bytes kept", async () => {
  const { status } = await bed.call("/v1/events", {
    method: "POST",
    headers: {
      "ce-specversion": "1.0",
      "ce-id": "binary",
      "ce-source": "/ci/story",
      "ce-type": "com.example.pushed",
      "ce-title": "Euro%20%E2%82%AC",
      "content-type": "text/plain",
    },
    body: "plain words",
  });
  expect(status).toBe(202);
  expect(await kept("binary")).toMatchObject({ title: "Euro €", datacontenttype: "text/plain" });
});

test("what the CloudEvents SDK sends in either mode comes in whole, and is the same when it reads it back", async () => {
  const datacontenttype = "application/json";
  const parts = { datacontenttype, myext: "kept", subproject: "oslo", data: { n: 1 } };
  const sent = new SdkEvent({ ...foreign("sdk"), ...parts });
  for (const [mode, { headers, body }] of Object.entries({
    structured: HTTP.structured(sent.cloneWith({ id: "sdk-structured" })),
    binary: HTTP.binary(sent.cloneWith({ id: "sdk-binary" })),
  })) {
    const lines = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    const answer = await bed.call("/v1/events", { method: "POST", headers: lines, body: String(body) });
    expect(answer).toMatchObject({ status: 202, body: { id: `sdk-${mode}` } });
    const event = await kept(`sdk-${mode}`);
    expect(event).toMatchObject(parts);
    const told = { headers: { "content-type": "application/cloudevents+json" }, body: JSON.stringify(event) };
    expect(HTTP.toEvent(told)).toEqual(sent.cloneWith({ id: `sdk-${mode}` }));
  }
});

test("a batch is answered in its order, and one bad event keeps all of it out", async () => {
  const batch = (events: object[]) =>
    structured(JSON.stringify(events), "application/cloudevents-batch+json");
  const { status, body } = await batch([foreign("b1"), foreign("b2")]);
  expect([status, body]).toMatchObject([202, [{ id: "b1" }, { id: "b2" }]]);
  expect(await batch([])).toMatchObject({ status: 202, body: [] });
  const bad = await batch([foreign("b3"), { ...foreign("b4"), source: undefined }]);
  expect(bad).toMatchObject({ status: 400, body: { code: "E_NOT_AN_EVENT", here: "/1/source" } });
  const large = await batch([foreign("b3"), foreign("b4", { data: "x".repeat(65_536) })]);
  expect(large).toMatchObject({ status: 413, body: { code: "E_TOO_LARGE", here: "/1" } });
  expect(await kept("b3")).toBeUndefined();
});

test("people write little: the type in short, the rest is filled in", async () => {
  const asked = { type: "run.requested", project: "weather", subproject: "seattle", data: { seed: 7 } };
  const { body } = await bed.call("/v1/events", { json: asked, headers: { "idempotency-key": "ci-7" } });
  expect(body).toMatchObject({ id: "ci-7", type: eventType("run", "requested", "1.0.0"), duplicate: false });
  expect(await kept("ci-7")).toMatchObject({
    source: "/outside",
    correlationid: "ci-7",
    organization: "default",
    data: { seed: 7 },
  });
  const again = await bed.call("/v1/events", { json: asked, headers: { "idempotency-key": "ci-7" } });
  expect(again).toMatchObject({ status: 202, body: { id: "ci-7", duplicate: true } });
  const other = { ...asked, data: { seed: 8 } };
  const reused = await bed.call("/v1/events", { json: other, headers: { "idempotency-key": "ci-7" } });
  expect(reused).toMatchObject({ status: 409, body: { code: "E_CONFLICT", here: "/id" } });
  const twice = { json: foreign("ci-8"), headers: { "idempotency-key": "ci-9" } };
  expect(await bed.call("/v1/events", twice)).toMatchObject({
    status: 422,
    body: { code: "E_INVALID", here: "/id" },
  });
  const drawn = await bed.call("/v1/events", { json: asked });
  expect((drawn.body as { id: string }).id).toMatch(/^[0-9a-f-]{36}$/);
});

test("a repeat that the server has forgotten is known by the tracker, and other content is a conflict", async () => {
  const { connection, subjectRoot } = bed.events;
  const first = JSON.stringify(foreign("once", { data: { n: 1 }, time: "2026-01-01T00:00:00Z" }));
  // Without a message id the stream cannot know the next one as a repeat, as after two minutes.
  await connection.request(`${subjectRoot}._._.com.example.pushed`, first);
  const { position } = await until("the log has it", async () => {
    const { body } = await bed.call("/v1/events?order=newest&limit=9");
    const { events } = body as { events: { position: string; event: { id: string } }[] };
    return events.find(({ event }) => event.id === "once");
  });
  const repeat = await structured(foreign("once", { data: { n: 1 } }));
  expect(repeat).toMatchObject({ status: 202, body: { id: "once", duplicate: true, position } });
  const conflict = await structured(foreign("once", { data: { n: 2 } }));
  expect(conflict).toMatchObject({ status: 409, body: { code: "E_CONFLICT", here: "/id" } });
  expect(conflict.headers.get("content-type")).toBe("application/problem+json");
  expect((conflict.body as { why: string }).why).toContain(position);
  const withheld = await bed.call("/v1/withheld");
  expect(withheld.body).toMatchObject({ withheld: [{ why: "conflict" }, { why: "conflict" }] });
});

test.each([
  [{ ...foreign("f1"), source: "/jackfield/conductor" }, 403, "E_NOT_YOURS", "/source"],
  [foreign("f2", { type: eventType("train", "finished", "1.0.0") }), 403, "E_NOT_YOURS", "/type"],
  [foreign("f3", { type: eventType("run", "requested", "1.0.0") }), 422, "E_INVALID", "/project"],
  [foreign("f4", { project: "has space" }), 400, "E_NOT_AN_EVENT", "/project"],
])("what is not allowed or not right from outside is refused with its place (%#)", async (event, ...rest) => {
  const [status, code, here] = rest;
  expect(await structured(event)).toMatchObject({ status, body: { code, here, status } });
  expect(await kept(event.id)).toBeUndefined();
});

test("what is no JSON is told where, and other formats and types are not guessed", async () => {
  const broken = await structured('{\n "id": 1,,\n}');
  expect(broken).toMatchObject({ status: 400, body: { code: "E_INVALID", here: "line 2, column 10" } });
  expect((await structured("<xml/>", "application/cloudevents+xml")).status).toBe(415);
  expect((await structured("{}", "text/plain")).status).toBe(415);
  const large = await structured(foreign("large", { data: "x".repeat(70_000) }));
  expect(large).toMatchObject({ status: 413, body: { code: "E_TOO_LARGE" } });
  expect((await structured("x".repeat(5_000_000))).status).toBe(413);
});

test("events are read back by filter from the position of the answer on, and a bad filter says where", async () => {
  const { body } = await structured(foreign("marked", { subproject: "lima" }));
  const { position } = body as { position: string };
  const { body: found } = await bed.call(`/v1/events?filter=subproject%3Dlima&after=${position}`);
  expect(found).toMatchObject({ events: [{ position, event: { id: "marked" } }] });
  const wrong = await bed.call("/v1/events?filter=train.*%20project%3D");
  expect(wrong).toMatchObject({
    status: 400,
    body: { code: "E_FILTER", here: "train.* project=\n        ^" },
  });
  expect(await bed.call("/v1/runs/none-1")).toMatchObject({ status: 404, body: { code: "E_NOT_FOUND" } });
});

test("a full stream is 503 with a time to come back, and nothing was taken", async () => {
  await using full = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), maxBytes: 3_000 });
  const post = (id: string) => full.call("/v1/events", { json: foreign(id, { data: "x".repeat(500) }) });
  let answer = await post("0");
  for (let n = 1; answer.status === 202; n += 1) answer = await post(String(n));
  expect(answer).toMatchObject({ status: 503, body: { code: "E_STREAM_FULL" } });
  expect(answer.headers.get("retry-after")).toBe("5");
});
