import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { openEvents, type Events } from "./connection.ts";
import { FollowStream } from "./follow-stream.ts";
import type { LogEntry } from "./log-entry.ts";
import { placeAfter, type Gap } from "./log-place.ts";
import { readLog, type ReadLogOptions } from "./log-reader.ts";
import { createPublisher } from "./publish.ts";
import { ensureStream, renewEpoch, streamState } from "./stream.ts";

const nats = natsForThisFile();
const options = { maxBytes: 64 * 1024 * 1024 };

async function freshEvents(): Promise<Events> {
  const events = await openEvents({ url: nats.url, name: "tester", prefix: prefix() });
  await ensureStream(events, options);
  return events;
}

const pushed = (n: number, type = "pushed"): CloudEvent => ({
  specversion: "1.0",
  id: String(n),
  source: "/ci",
  type,
});
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function publish(events: Events, from: number, to: number, type?: string): Promise<void> {
  await using publisher = createPublisher(events);
  await Promise.all(numbers(from, to).map((n) => publisher.publish(pushed(n, type))));
}

/** Reads in the background; `ids` grows. */
function reading(events: Events, more: Partial<ReadLogOptions> = {}) {
  const ids: number[] = [];
  const positions: Position[] = [];
  const gaps: Gap[] = [];
  const stopping = new AbortController();
  const done = readLog(events, {
    from: undefined,
    signal: stopping.signal,
    onBatch: async (batch) => {
      ids.push(...batch.map(({ event }) => Number(event?.id)));
      positions.push(...batch.map(({ position }) => position));
    },
    onGap: (gap) => void gaps.push(gap),
    ...more,
  });
  const stop = (): Promise<void> => {
    stopping.abort();
    return done;
  };
  return { ids, positions, gaps, done, stop, [Symbol.asyncDispose]: stop };
}

async function entriesOf(events: Events): Promise<LogEntry[]> {
  const stop = new AbortController();
  const entries: LogEntry[] = [];
  const onBatch = async (batch: LogEntry[]) => void entries.push(...batch);
  await readLog(events, { from: undefined, signal: stop.signal, onBatch, onIdle: () => stop.abort() });
  return entries;
}

const epochOf = async (events: Events): Promise<number> => (await streamState(events))!.epoch;
const at = async (events: Events, sequence: number): Promise<Position> => ({
  epoch: await epochOf(events),
  sequence,
});

/** A log kept elsewhere: entries numbered like events that were published one by one. */
const keptLog =
  (epoch: number, upTo: number, pageSize = 3) =>
  async ({ epoch: asked, sequence }: Position) => {
    const from = asked < epoch ? 1 : sequence + 1;
    const end = Math.min(upTo, from + pageSize - 1);
    const entries = numbers(from, end).map((n): LogEntry => {
      const position = { epoch, sequence: n };
      return { position, storedMs: 0, subject: "evt._._.pushed", event: pushed(n), digest: "sha256:0" };
    });
    return { entries, upTo: { epoch, sequence: end } };
  };

test("what the tracker trimmed and what is missing inside are told apart", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 10);
  await publish(events, 11, 11, "hidden");
  await publish(events, 12, 12);
  await events.manager.streams.purge(events.stream, { seq: 5 });
  await events.manager.streams.purge(events.stream, { filter: `${events.subjectRoot}.*.*.hidden` });
  await using log = reading(events, { from: await at(events, 2) });
  await until("the end", () => log.ids.length === 7);
  expect(log.ids).toEqual([...numbers(5, 10), 12]);
  expect(log.gaps).toEqual([
    { from: await at(events, 3), to: await at(events, 4), why: "trimmed" },
    { from: await at(events, 11), to: await at(events, 11), why: "missing" },
  ]);
});

test("what the stream does not hold is read from whoever keeps the log, page by page, then the stream goes on", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 19);
  await publish(events, 20, 20, "hidden");
  await publish(events, 21, 25);
  const epoch = await epochOf(events);
  await events.manager.streams.purge(events.stream, { seq: 12 });
  await events.manager.streams.purge(events.stream, { filter: `${events.subjectRoot}.*.*.hidden` });
  await using log = reading(events, { from: { epoch, sequence: 2 }, history: keptLog(epoch, 22) });
  await until("the end", () => log.ids.length === 23);
  await publish(events, 26, 26);
  await until("what comes next", () => log.ids.length === 24);
  expect(log.ids).toEqual(numbers(3, 26));
  expect(log.gaps.map(({ why }) => why)).toEqual(["trimmed", "missing"]);
});

test("a reader that never read anything begins with what is kept of earlier streams", async () => {
  await using events = await freshEvents();
  await publish(events, 101, 102);
  const earlier = keptLog(7, 4);
  const epoch = await epochOf(events);
  const end = { entries: [], upTo: { epoch, sequence: 0 } };
  const history = async (from: Position) => (from.epoch === 7 && from.sequence === 4 ? end : earlier(from));
  await using log = reading(events, { history });
  await until("all", () => log.ids.length === 6);
  expect(log.ids).toEqual([1, 2, 3, 4, 101, 102]);
});

test("a reader waits for a log that does not go far enough yet", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 10);
  const epoch = await epochOf(events);
  await events.manager.streams.purge(events.stream, { seq: 6 });
  let upTo = 2;
  const history = (from: Position) => keptLog(epoch, upTo)(from);
  const problems: string[] = [];
  await using log = reading(events, {
    from: { epoch, sequence: 0 },
    history,
    onProblem: ({ code }) => problems.push(code),
  });
  await until("it waits", () => problems.includes("E_WAITED"));
  expect(log.ids).toEqual([1, 2]);
  upTo = 10;
  await until("all", () => log.ids.length === 10);
  expect(log.ids).toEqual(numbers(1, 10));
});

test("a stream that is made anew under a reader is read from its beginning, in its own epoch", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 100);
  await using log = reading(events, {
    onNoStream: () => ensureStream(events, options).then(() => undefined),
  });
  await until("the first stream", () => log.ids.length === 100);
  const old = await epochOf(events);
  await until("another second", () => Date.now() > (old + 1) * 1000);
  await events.manager.streams.delete(events.stream);
  await until("the reader made another one", async () => (await streamState(events)) !== undefined);
  await publish(events, 201, 220);
  await until("the second stream", () => log.ids.length === 120, { withinMs: 10_000 });
  expect(log.ids.slice(100)).toEqual(numbers(201, 220));
  const epoch = await epochOf(events);
  expect(log.gaps).toEqual([
    { from: { epoch: old, sequence: 101 }, to: { epoch, sequence: 0 }, why: "remade" },
  ]);
  expect(log.positions.at(-1)).toEqual({ epoch, sequence: 20 });
});

test("a stream that ends before the position is given a new epoch, and read from its beginning", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 5);
  const from = await at(events, 6);
  await expect(reading(events, { from }).done).rejects.toMatchObject({ code: "E_STREAM_BEHIND" });
  await using log = reading(events, { from, onBehind: (last) => renewEpoch(events, last) });
  await until("all of it again", () => log.ids.length === 5);
  expect(log.positions.at(-1)).toEqual({ epoch: from.epoch + 1, sequence: 5 });
  await using later = reading(events, { from: { epoch: from.epoch, sequence: 2 } });
  await until("every reader sees that epoch", () => later.ids.length === 5);
});

test("a stream that lost its end and grew again is not taken for the one that was read", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 10);
  // Made anew with the epoch that it had, it looks like the same one.
  await renewEpoch(events, await at(events, 10));
  const { config } = await events.manager.streams.info(events.stream);
  const epoch = await epochOf(events);
  await using log = reading(events, { onBehind: (last) => renewEpoch(events, last) });
  await until("the first end", () => log.ids.length === 10);
  await events.manager.streams.delete(events.stream);
  await events.manager.streams.add(config);
  await publish(events, 1, 7);
  await publish(events, 31, 38);
  await until("the other end", () => log.ids.includes(38));
  expect(log.ids.slice(10)).toEqual([...numbers(1, 7), ...numbers(31, 38)]);
  expect(log.positions.at(-1)).toEqual({ epoch: epoch + 1, sequence: 15 });
});

test("following begins with the message that was read last, and ends when that is another one", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 3);
  const { storedMs, position } = (await entriesOf(events)).find((entry) => entry.position.sequence === 2)!;
  const stop = new AbortController();
  const seen: number[] = [];
  const follow = (last: { position: Position; storedMs: number }) =>
    new FollowStream(events, {
      last,
      lookAgain: true,
      signal: stop.signal,
      maxBatch: 10,
      waiting: () => 0,
      onEntry: (entry) => seen.push(entry.position.sequence),
    }).run();
  expect(await follow({ position, storedMs: storedMs - 1 })).toEqual({ kind: "replaced" });
  const following = follow({ position, storedMs });
  await until("the next one", () => seen.length === 1);
  stop.abort();
  expect([seen, await following]).toEqual([[3], { kind: "stopped" }]);
});

test("an epoch that another reader gave is noticed by one that reads along", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 3);
  await using log = reading(events);
  await until("all", () => log.ids.length === 3);
  await renewEpoch(events, await at(events, 9));
  await until("all again", () => log.ids.length === 6, { withinMs: 10_000 });
  expect(log.positions.at(-1)?.epoch).toBe(await epochOf(events));
});

test("the place after a position", () => {
  const state = { epoch: 5, created: "", renewed: false, first: 4, last: 9, bytes: 0, maxBytes: 0 };
  const kind = (epoch: number, sequence: number) => placeAfter({ epoch, sequence }, state).kind;
  expect([kind(5, 3), kind(5, 9)]).toEqual(["stream", "stream"]);
  expect([kind(5, 2), kind(4, 900), kind(0, 0)]).toEqual(["gap", "gap", "gap"]);
  expect([kind(5, 10), kind(6, 0)]).toEqual(["behind", "behind"]);
});
