import { deferred, type MsgHdrs } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import { eventType } from "@jackfield/spec/event/type";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { openEvents, type Events } from "./connection.ts";
import type { LogEntry } from "./log-entry.ts";
import type { Gap } from "./log-place.ts";
import { readLog, type ReadLogOptions } from "./log-reader.ts";
import { createPublisher } from "./publish.ts";
import { ensureStream, streamState } from "./stream.ts";

const nats = natsForThisFile();
const maxBytes = 64 * 1024 * 1024;

async function freshEvents(): Promise<Events> {
  const events = await openEvents({ url: nats.url, name: "tester", prefix: prefix() });
  await ensureStream(events, { maxBytes });
  return events;
}

const pushed = (n: number): CloudEvent => ({
  specversion: "1.0",
  id: String(n),
  source: "/ci",
  type: "pushed",
});
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function publish(events: Events, from: number, to: number): Promise<void> {
  await using publisher = createPublisher(events);
  await Promise.all(numbers(from, to).map((n) => publisher.publish(pushed(n))));
}

/** Reads in the background; `entries` grows. */
function reading(events: Events, more: Partial<ReadLogOptions> = {}) {
  const entries: LogEntry[] = [];
  const gaps: Gap[] = [];
  const stopping = new AbortController();
  const done = readLog(events, {
    from: undefined,
    signal: stopping.signal,
    onBatch: async (batch) => void entries.push(...batch),
    onGap: (gap) => void gaps.push(gap),
    ...more,
  });
  const stop = (): Promise<void> => {
    stopping.abort();
    return done;
  };
  return { entries, gaps, done, stop, [Symbol.asyncDispose]: stop };
}
const sequences = (entries: LogEntry[]): number[] => entries.map(({ position }) => position.sequence);
const at = async (events: Events, sequence: number): Promise<Position> => ({
  epoch: (await streamState(events))!.epoch,
  sequence,
});

test("the log is read from a position, in order, and what comes later comes at once", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 30);
  await using log = reading(events, { from: await at(events, 10) });
  await until("the rest", () => log.entries.length === 20);
  await publish(events, 31, 31);
  await until("the new one", () => log.entries.length === 21, { withinMs: 1_000 });
  expect(sequences(log.entries)).toEqual(numbers(11, 31));
  expect(log.entries.at(-1)).toMatchObject({ event: pushed(31), position: await at(events, 31) });
});

test("a slow reader gets what gathered meanwhile, one batch at a time", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 300);
  const batches: number[][] = [];
  const gate = deferred<undefined>();
  let running = 0;
  let idle = 0;
  await using log = reading(events, {
    maxBatch: 100,
    onBatch: async (batch) => {
      running += 1;
      expect(running).toBe(1);
      batches.push(sequences(batch));
      await gate;
      running -= 1;
    },
    onIdle: () => (idle += 1),
  });
  await until("the next batch lies ready while the first is at work", async () => {
    const [consumer] = await events.manager.consumers.list(events.stream).next();
    return (consumer?.delivered.stream_seq ?? 0) >= 200;
  });
  gate.resolve(undefined);
  await until("idle", () => idle > 0);
  expect(batches.flat()).toEqual(numbers(1, 300));
  expect(batches[1]).toHaveLength(100);
  expect(log.gaps).toEqual([]);
});

test("a server that is killed three times while it is read leaves no hole, no double, no silence", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 3_000);
  await using writer = createPublisher(events);
  const read: number[] = [];
  let killed = deferred<undefined>();
  let holdAt = 600;
  await using log = reading(events, {
    maxBatch: 50,
    onBatch: async (batch) => {
      read.push(...sequences(batch));
      if (read.length >= holdAt) await killed;
    },
  });
  for (const round of [1, 2, 3]) {
    await until(`${holdAt} read`, () => read.length >= holdAt);
    await nats.kill();
    const late = writer.publish(pushed(10_000 + round));
    holdAt += 600;
    killed.resolve(undefined);
    killed = deferred<undefined>();
    await nats.restart();
    await late;
  }
  holdAt = Infinity;
  killed.resolve(undefined);
  await until("all", () => read.length >= 3_003);
  expect(read).toEqual(numbers(1, 3_003));
  expect(log.gaps).toEqual([]);
});

test("what is no event and what is forged come as refused, with the bytes, and take nothing else with them", async () => {
  await using events = await freshEvents();
  const finished: CloudEvent = {
    ...pushed(1),
    type: eventType("train", "finished", "1.0.0"),
    source: "/jackfield/conductor",
    project: "weather",
  };
  const own = `${events.subjectRoot}.weather.boost.${finished.type}`;
  events.connection.publish(own, "junk");
  events.connection.publish(own, JSON.stringify(finished));
  await publish(events, 3, 3);
  await using log = reading(events);
  await until("all three", () => log.entries.length === 3);
  expect(log.entries.map(({ refused }) => refused?.reason)).toEqual(["not-an-event", "forged", undefined]);
  expect(log.entries[1]).toMatchObject({ subject: own, refused: { claimed: finished } });
  expect(Buffer.from(log.entries[0]!.refused!.body).toString()).toBe("junk");
});

test("headers that the client cannot read are refused; the connection goes on, and nothing is skipped", async () => {
  await using events = await freshEvents();
  await using reader = reading(events);
  const subject = `${events.subjectRoot}._._.pushed`;
  for (const line of ["ce-id: one\ntwo", "no name: 1"]) {
    // The client writes what it is given; other clients write what they like.
    const headers = { encode: () => Buffer.from(`NATS/1.0\r\n${line}\r\n\r\n`) } as unknown as MsgHdrs;
    events.connection.publish(subject, "{}", { headers });
  }
  await publish(events, 1, 1);
  await until("all is read", () => reader.entries.length === 3);
  expect(sequences(reader.entries)).toEqual([1, 2, 3]);
  expect(reader.entries.map(({ refused }) => refused?.reason)).toEqual([
    "not-an-event",
    "not-an-event",
    undefined,
  ]);
});

test("what a batch throws ends the reading with it", async () => {
  await using events = await freshEvents();
  await publish(events, 1, 1);
  const log = reading(events, { onBatch: () => Promise.reject(new Error("no room")) });
  await expect(log.done).rejects.toThrow("no room");
});
