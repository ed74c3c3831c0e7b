import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { openEvents, type Events } from "./connection.ts";
import { mayBeRepeat, outgoing } from "./outgoing.ts";
import { createPublisher } from "./publish.ts";
import { ensureStream, streamState } from "./stream.ts";

const nats = natsForThisFile();

async function freshEvents(maxBytes = 64 * 1024 * 1024): Promise<Events> {
  const events = await openEvents({ url: nats.url, name: "tester", prefix: prefix() });
  await ensureStream(events, { maxBytes });
  return events;
}

const pushed = (n: number, data: unknown = { n }): CloudEvent => ({
  specversion: "1.0",
  id: String(n),
  source: "/ci",
  type: "com.example.pushed",
  data,
});

const idsIn = async (events: Events): Promise<string[]> => {
  const { first, last } = (await streamState(events))!;
  const ids: string[] = [];
  for (let sequence = first; sequence <= last; sequence += 1) {
    const message = await events.manager.streams.getMessage(events.stream, { seq: sequence });
    ids.push(message!.json<CloudEvent>().id);
  }
  return ids;
};
const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

test("events lie in the stream in the order of the calls, each where its answer says", async () => {
  await using events = await freshEvents();
  await using publisher = createPublisher(events, { maxInFlight: 7 });
  const answers = await Promise.all(numbers(50).map((n) => publisher.publish(pushed(Number(n)))));
  const { epoch } = (await streamState(events))!;
  expect(answers).toEqual(
    numbers(50).map((n) => ({ position: { epoch, sequence: Number(n) + 1 }, duplicate: false })),
  );
  expect(await idsIn(events)).toEqual(numbers(50));
});

test("a repeat is dropped and says so; another body under the same id reaches the log", async () => {
  await using events = await freshEvents();
  await using publisher = createPublisher(events);
  const first = await publisher.publish(pushed(1, { ok: true }));
  const again = await publisher.publish({ ...pushed(1, { ok: true }), time: "2026-01-01T00:00:00Z" });
  const other = await publisher.publish(pushed(1, { ok: false }));
  expect(again).toEqual({ ...first, duplicate: true });
  expect(other.duplicate).toBe(false);
  expect(await idsIn(events)).toEqual(["1", "1"]);
});

test("a server that is killed while events are on their way loses and doubles none", async () => {
  await using events = await freshEvents();
  await using publisher = createPublisher(events, { maxInFlight: 32 });
  const answers = numbers(400).map((n) => publisher.publish(pushed(Number(n))));
  await answers[40];
  await nats.kill();
  await nats.restart();
  const positions = (await Promise.all(answers)).map(({ position }) => position.sequence);
  expect(new Set(positions).size).toBe(400);
  expect(await idsIn(events)).toEqual(numbers(400));
});

test("a full stream refuses, and takes again what waited once there is room", async () => {
  await using events = await freshEvents(4_000);
  await using publisher = createPublisher(events);
  const filler = "x".repeat(900);
  const filled = await Promise.allSettled(
    numbers(10).map((n) => publisher.publish(pushed(Number(n), filler))),
  );
  expect(filled.at(-1)).toMatchObject({ status: "rejected", reason: { code: "E_STREAM_FULL" } });
  const patient = publisher.publish(pushed(99, filler), { untilAccepted: true });
  await events.manager.streams.purge(events.stream);
  expect((await patient).duplicate).toBe(false);
});

test("an event waits for its stream, until the deadline or the signal", async () => {
  await using events = await openEvents({ url: nats.url, name: "tester", prefix: prefix() });
  await using publisher = createPublisher(events);
  await expect(publisher.publish(pushed(1), { deadlineMs: 60 })).rejects.toMatchObject({
    code: "E_STORE_DOWN",
  });
  const stopping = new AbortController();
  const stopped = publisher.publish(pushed(2), { signal: stopping.signal });
  stopping.abort(new Error("enough"));
  await expect(stopped).rejects.toThrow("enough");
  const waiting = publisher.publish(pushed(3));
  await ensureStream(events, { maxBytes: 1_000_000 });
  const { sequence: seq } = (await waiting).position;
  // A server remembers two minutes only what it has taken.
  const { header } = (await events.manager.streams.getMessage(events.stream, { seq }))!;
  expect(mayBeRepeat(header)).toBe(true);
});

test("what cannot be an event is refused before it is sent", async () => {
  await using events = await freshEvents();
  await using publisher = createPublisher(events);
  await expect(publisher.publish(pushed(1, { loss: NaN }))).rejects.toMatchObject({ code: "E_INVALID" });
  await expect(publisher.publish({ ...pushed(1), id: "" })).rejects.toMatchObject({ code: "E_INVALID" });
  await expect(publisher.publish(pushed(1, "x".repeat(70_000)))).rejects.toMatchObject({
    code: "E_TOO_LARGE",
  });
  expect((await streamState(events))?.last).toBe(0);
});

test("hostile types do not cut the connection, and lie under tokens that a reader finds again", async () => {
  await using events = await freshEvents();
  await using publisher = createPublisher(events);
  const types = ["x.*", "x.>", "a b", "a..b", ".a.", "nul\u2028", "€.😀", "_", "x".repeat(5_000)];
  for (const [n, type] of types.entries()) await publisher.publish({ ...pushed(n), type });
  for (const [n, type] of types.entries()) {
    const stored = await events.manager.streams.getMessage(events.stream, { seq: n + 1 });
    expect(stored?.subject).toBe(outgoing({ ...pushed(n), type }, events).subject);
  }
});

test("a stream is made once, and one that differs is told, not changed", async () => {
  await using events = await freshEvents(1_000_000);
  expect(await ensureStream(events, { maxBytes: 1_000_000 })).toEqual({ created: false, drift: [] });
  const { drift } = await ensureStream(events, { maxBytes: 2_000_000 });
  expect(drift).toEqual([{ setting: "max_bytes", is: 1_000_000, should: 2_000_000 }]);
  expect((await streamState(events))?.maxBytes).toBe(1_000_000);
});

test("a server that nobody started is a problem that names where it was looked for", async () => {
  const opening = openEvents({ url: "nats://me:secret@127.0.0.1:1", name: "tester", deadlineMs: 100 });
  await expect(opening).rejects.toMatchObject({
    code: "E_STORE_DOWN",
    message: "NATS does not answer at nats://127.0.0.1:1.",
  });
});
