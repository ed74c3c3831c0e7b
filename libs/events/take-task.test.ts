import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { openEvents, type Events } from "./connection.ts";
import { consumerInfo, ensureHandlerConsumer, type BoundConsumer } from "./handler-consumer.ts";
import { createPublisher, type Publisher } from "./publish.ts";
import { ensureStream } from "./stream.ts";
import { takeTask } from "./take-task.ts";

const nats = natsForThisFile();

interface Scene extends AsyncDisposable {
  events: Events;
  publisher: Publisher;
  consumers: BoundConsumer[];
}

async function scene(): Promise<Scene> {
  const events = await openEvents({ url: nats.url, name: "gateway", prefix: prefix() });
  await ensureStream(events, { maxBytes: 1_000_000 });
  const consumers = await Promise.all(
    ["train", "predict"].map((capability) =>
      ensureHandlerConsumer(events, { project: "weather", handler: "boost", capability }),
    ),
  );
  const publisher = createPublisher(events);
  return {
    events,
    publisher,
    consumers,
    [Symbol.asyncDispose]: () => publisher.close().then(() => events.close()),
  };
}

const triggered = (id: string, capability: string): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/jackfield/conductor",
  type: eventType(capability, "triggered", "1.0.0"),
  project: "weather",
  handler: "boost",
});
const never = new AbortController().signal;
const onBad = (): void => undefined;

test("who asks gets one task of any of its capabilities, at once or when it comes", async () => {
  await using at = await scene();
  await at.publisher.publish(triggered("1", "train"));
  const first = await takeTask(at.events, at.consumers, { waitMs: 0, signal: never, onBad });
  first?.ack();
  // It was there before we asked, so another one may have had it.
  expect(first).toMatchObject({ event: { id: "1" }, redelivered: true });
  const waiting = takeTask(at.events, at.consumers, { waitMs: 5_000, signal: never, onBad });
  await until("it waits", async () => {
    const infos = await Promise.all(at.consumers.map((consumer) => consumerInfo(at.events, consumer)));
    return infos.every((info) => info?.num_waiting === 1);
  });
  await at.publisher.publish(triggered("2", "predict"));
  expect(await waiting).toMatchObject({ event: { id: "2" }, redelivered: false });
});

test("who asks in vain gets nothing in time", async () => {
  await using at = await scene();
  expect(await takeTask(at.events, at.consumers, { waitMs: 0, signal: never, onBad })).toBeUndefined();
  expect(await takeTask(at.events, at.consumers, { waitMs: 40, signal: never, onBad })).toBeUndefined();
});

test("what comes for somebody who has left goes to the next", async () => {
  await using at = await scene();
  const leaving = new AbortController();
  const left = takeTask(at.events, at.consumers, { waitMs: 5_000, signal: leaving.signal, onBad });
  const published = at.publisher.publish(triggered("1", "train"));
  leaving.abort();
  await Promise.all([left, published]);
  const next = await takeTask(at.events, at.consumers, { waitMs: 2_000, signal: never, onBad });
  expect(((await left) ?? next)?.event.id).toBe("1");
});

test("two who wait get two different tasks", async () => {
  await using at = await scene();
  const two = [0, 1].map(() => takeTask(at.events, at.consumers, { waitMs: 5_000, signal: never, onBad }));
  await at.publisher.publish(triggered("1", "train"));
  await at.publisher.publish(triggered("2", "predict"));
  const ids = (await Promise.all(two)).map((task) => task?.event.id);
  expect(ids.sort()).toEqual(["1", "2"]);
});
