import { markRestored } from "@jackfield/events/outgoing";
import { printPosition } from "@jackfield/spec/event/position";
import { headers } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { tracker } from "../tracker/main.ts";
import { openBed, type Bed } from "./fixture/bed.ts";
import { openTail, type OpenTail } from "./fixture/sse.ts";

const nats = natsForThisFile();
let bed: Bed;
let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  const environment = { JACKFIELD_GATEWAY_HEARTBEAT_SECONDS: "0.1" };
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), environment });
  const service = await bed.start(tracker, database.url);
  await until("the tracker reads", () => service.ready().ready);
  await ready();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await database.drop();
});

const ready = () => until("the gateway reads", async () => (await bed.call("/readyz")).status === 200);

const story = (id: string, project = "weather") => ({
  specversion: "1.0" as const,
  id,
  source: "/ci/story",
  type: "com.example.said",
  project,
});

async function say(...ids: string[]): Promise<string> {
  const published = await Promise.all(ids.map((id) => bed.publisher.publish(story(id))));
  return printPosition(published.at(-1)!.position);
}

async function tail(query: string, lastEventId?: string): Promise<OpenTail> {
  const opened = await openTail(`${bed.url}/v1/events/stream?${query}`, lastEventId);
  onTestFinished(() => opened.close());
  return opened;
}

/** The ids of the next events of the story, with gaps as `gap: why`; what the tracker says of forgeries is left out. */
async function tell(opened: OpenTail, count: number): Promise<string[]> {
  const told: string[] = [];
  while (told.length < count) {
    const message = await opened.next();
    if (message === undefined) break;
    const { event } = message.data;
    if (message.name === "cloudevent" && event?.source !== "/jackfield/tracker") told.push(event?.id ?? "");
    if (message.name === "gap") told.push(`gap: ${message.data.why ?? ""}`);
  }
  return told;
}

test("a tail sees what comes after it, as it is asked for, with a heartbeat in between", async () => {
  const opened = await tail("from=now&filter=com.example.*&project=weather");
  const first = await opened.next();
  expect(first).toMatchObject({ name: "heartbeat", data: { position: first?.id } });
  const published = await say("now-1");
  await bed.publisher.publish(story("elsewhere", "oslo"));
  await bed.publisher.publish({ ...story("other"), type: "org.other" });
  await say("now-2");
  expect(await tell(opened, 2)).toEqual(["now-1", "now-2"]);
  const beat = await until("a heartbeat that has moved on", async () => {
    const message = await opened.next();
    return message?.name === "heartbeat" && message.id > published ? message : undefined;
  });
  expect(beat.data.position).toBe(beat.id);
});

test("resumed by both doors in turn, before and after a restart, it is the log: no skip, no repeat", async () => {
  const ids = Array.from({ length: 120 }, (_, n) => `r${n}`);
  const begin = await say("before");
  await say(...ids.slice(0, 60));
  await bed.restart();
  await ready();
  const rest = say(...ids.slice(60));
  const seen: string[] = [];
  let last = begin;
  for (let turn = 0; seen.length < ids.length; turn += 1) {
    const some = turn % 2 === 0 ? await bySse(last, 7) : await byPage(last, 5);
    seen.push(...some.map(({ id }) => id));
    last = some.at(-1)?.position ?? last;
  }
  await rest;
  expect(seen).toEqual(ids);
});

interface Seen {
  id: string;
  position: string;
}

async function bySse(last: string, most: number): Promise<Seen[]> {
  const opened = await tail("from=start", last);
  const seen: Seen[] = [];
  while (seen.length < most) {
    const message = await opened.next();
    if (message?.name === "cloudevent") seen.push({ id: message.data.event?.id ?? "", position: message.id });
    // A heartbeat after events says that there is no more.
    if (message?.name === "heartbeat" && seen.length > 0) break;
  }
  opened.close();
  return seen;
}

async function byPage(last: string, limit: number): Promise<Seen[]> {
  const { body } = await bed.call(`/v1/events?cursor=${last}&limit=${limit}`);
  const { events } = body as { events: { position: string; event: { id: string } }[] };
  return events.map(({ position, event }) => ({ position, id: event.id }));
}

test("a tail from the start reads the log, then goes on live", async () => {
  const opened = await tail("from=start&filter=com.example.said");
  const [first] = await tell(opened, 1);
  expect(first).toBe("now-1");
  const live = await tail("from=now&filter=com.example.said");
  await live.next();
  await say("live");
  expect(await tell(live, 1)).toEqual(["live"]);
  await until("the old tail sees it too", async () => (await tell(opened, 1))[0] === "live");
});

test("while the tracker has no answer, an old position waits, and nothing is left out", async () => {
  // What is made first is put away last: the tracker ends before its database does.
  const fresh = await freshDatabase();
  onTestFinished(() => fresh.drop());
  const alone = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  onTestFinished(() => alone[Symbol.asyncDispose]());
  await alone.publisher.publish(story("old"));
  await alone.restart();
  await until("it reads", async () => (await alone.call("/readyz")).status === 200);
  const opened = await openTail(`${alone.url}/v1/events/stream?from=start`);
  onTestFinished(() => opened.close());
  await alone.publisher.publish(story("new"));
  await alone.start(tracker, fresh.url);
  expect(await tell(opened, 2)).toEqual(["old", "new"]);
});

test("a repeat and a forged event have a place in the stream, and none in the tail", async () => {
  const opened = await tail("from=now");
  await opened.next();
  const { connection, subjectRoot } = bed.events;
  const twice = JSON.stringify(story("twice"));
  await connection.request(`${subjectRoot}.weather._.com.example.said`, twice);
  await connection.request(`${subjectRoot}.weather._.com.example.said`, twice);
  await connection.request(`${subjectRoot}.oslo._.com.example.said`, JSON.stringify(story("forged")));
  await say("after");
  expect(await tell(opened, 2)).toEqual(["twice", "after"]);
});

test("what was put back into the stream is no news to a tail", async () => {
  await say("kept");
  // So it has not seen the event itself.
  await bed.restart();
  await ready();
  const opened = await tail("from=now");
  await opened.next();
  const { connection, subjectRoot } = bed.events;
  const marked = headers();
  markRestored(marked);
  await connection.request(`${subjectRoot}.weather._.com.example.said`, JSON.stringify(story("kept")), {
    headers: marked,
    timeout: 2_000,
  });
  await say("news");
  expect(await tell(opened, 1)).toEqual(["news"]);
});

test("a position that the stream never had is an explicit gap, then it goes on", async () => {
  const opened = await tail("from=4000000000-7");
  expect(await tell(opened, 1)).toEqual(["gap: the stream has no such position"]);
  await say("onwards");
  expect(await tell(opened, 1)).toEqual(["onwards"]);
  expect((await tail("from=yesterday")).status).toBe(422);
  expect((await tail("filter=x%3D")).status).toBe(400);
});

test("a stream that was made anew is an explicit gap in an open tail", async () => {
  const alone = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  onTestFinished(() => alone[Symbol.asyncDispose]());
  await until("it reads", async () => (await alone.call("/readyz")).status === 200);
  const opened = await openTail(`${alone.url}/v1/events/stream`);
  onTestFinished(() => opened.close());
  await alone.publisher.publish(story("first"));
  expect(await tell(opened, 1)).toEqual(["first"]);
  const { manager, stream } = alone.events;
  const { config } = await manager.streams.info(stream);
  await manager.streams.delete(stream);
  // The epoch is the second in which it was made.
  const made = Math.floor(Date.now() / 1_000);
  await until("the next second", () => Math.floor(Date.now() / 1_000) > made);
  await manager.streams.add(config);
  await until("it is taken", () => alone.publisher.publish(story("second")));
  expect(await tell(opened, 2)).toEqual(["gap: the stream was made anew", "second"]);
});
