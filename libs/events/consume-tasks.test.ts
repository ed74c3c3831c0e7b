import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { consumeTasks, type ConsumeTasksOptions, type TaskDelivery } from "./consume-tasks.ts";
import { openEvents, type Events } from "./connection.ts";
import { consumerInfo, ensureHandlerConsumer } from "./handler-consumer.ts";
import { durableName } from "./names.ts";
import { markAgain, outgoing } from "./outgoing.ts";
import { createPublisher } from "./publish.ts";
import { ensureStream } from "./stream.ts";
import { subjectOf } from "./subject.ts";

const nats = natsForThisFile();
const boost = { project: "weather", handler: "boost", capability: "train" };

async function freshEvents(): Promise<Events> {
  const events = await openEvents({ url: nats.url, name: "boost", prefix: prefix() });
  await ensureStream(events, { maxBytes: 16 * 1024 * 1024 });
  return events;
}

const triggered = (id: string, handler = "boost"): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/jackfield/conductor",
  type: eventType("train", "triggered", "1.0.0"),
  project: "weather",
  handler,
});

/** A handler at work in the background; each task is kept until `finish`. */
function working(events: Events, more: Partial<ConsumeTasksOptions> = {}) {
  const tasks: TaskDelivery[] = [];
  const bad: string[] = [];
  const finishes: (() => void)[] = [];
  const stopping = new AbortController();
  const done = consumeTasks(events, {
    stream: events.stream,
    durable: durableName(boost),
    concurrency: 2,
    signal: stopping.signal,
    onTask: (task) => {
      tasks.push(task);
      task.ack();
      return new Promise((resolve) => finishes.push(resolve));
    },
    onBad: ({ reason }) => bad.push(reason),
    ...more,
  });
  const finish = (): void => {
    for (const one of finishes.splice(0)) one();
  };
  const stop = (): Promise<void> => {
    stopping.abort();
    finish();
    return done;
  };
  return { tasks, bad, finish, done, stopping, [Symbol.asyncDispose]: stop };
}
const idsOf = (tasks: TaskDelivery[]): string[] => tasks.map(({ event }) => event.id);

test("a handler is given what is addressed to it, and no more than it has free workers", async () => {
  await using events = await freshEvents();
  await ensureHandlerConsumer(events, boost);
  await using publisher = createPublisher(events);
  let ready = false;
  await using handler = working(events, { onReady: () => (ready = true) });
  await until("it is there", () => ready);
  for (const id of ["1", "2", "3", "4", "5"]) await publisher.publish(triggered(id));
  await publisher.publish(triggered("other", "acme"));
  await until("both workers busy", () => handler.tasks.length === 2);
  const waiting = await until("the rest waits in the stream", async () => {
    const info = await consumerInfo(events, { stream: events.stream, durable: durableName(boost) });
    return info?.num_ack_pending === 0 ? info : undefined;
  });
  expect(waiting.num_pending).toBe(3);
  expect(handler.tasks[0]).toMatchObject({ event: triggered("1"), redelivered: false });
  await until("all five", () => (handler.finish(), handler.tasks.length === 5));
  expect(idsOf(handler.tasks)).toEqual(["1", "2", "3", "4", "5"]);
});

test("a worker takes the next task while its last answer is on its way, and is waited for at the end", async () => {
  await using events = await freshEvents();
  await ensureHandlerConsumer(events, boost);
  await using publisher = createPublisher(events);
  const seen: string[] = [];
  const handler = working(events, {
    concurrency: 1,
    onTask: async (task, free) => {
      task.ack();
      seen.push(`${task.event.id} begins`);
      free();
      free();
      await until("two are here", () => seen.includes("2 begins"));
      seen.push(`${task.event.id} ends`);
    },
  });
  for (const id of ["1", "2"]) await publisher.publish(triggered(id));
  await until("two are here", () => seen.includes("2 begins"));
  handler.stopping.abort();
  await handler.done;
  expect(seen.slice(0, 2)).toEqual(["1 begins", "2 begins"]);
  expect(seen.slice(2).sort()).toEqual(["1 ends", "2 ends"]);
});

test("what waited for a handler, what an anew made consumer shows again, and what is said again, is marked as redelivered", async () => {
  await using events = await freshEvents();
  await using publisher = createPublisher(events);
  const bound = await ensureHandlerConsumer(events, boost);
  await publisher.publish(triggered("1"));
  await using handler = working(events, { concurrency: 10 });
  await until("the first", () => handler.tasks.length === 1);
  await events.manager.consumers.delete(bound.stream, bound.durable);
  await publisher.publish(triggered("2"));
  await ensureHandlerConsumer(events, boost);
  await until("both again", () => handler.tasks.length === 3);
  await publisher.publish(triggered("3"));
  await until("the third", () => handler.tasks.length === 4);
  const again = outgoing(triggered("4"), events);
  markAgain(again.headers);
  await publisher.send(again);
  await until("the fourth", () => handler.tasks.length === 5);
  expect(handler.tasks.map(({ event, redelivered }) => [event.id, redelivered])).toEqual([
    ["1", true],
    ["1", true],
    ["2", true],
    ["3", false],
    ["4", true],
  ]);
});

test("a handler waits for its consumer, and goes on after the server was killed", async () => {
  await using events = await freshEvents();
  const problems: string[] = [];
  await using handler = working(events, {
    concurrency: 9,
    onProblem: ({ message }) => problems.push(message),
  });
  await until("it says what is missing", () =>
    problems.some((line) => line.includes("weather-boost-train is not there")),
  );
  await ensureHandlerConsumer(events, boost);
  await using publisher = createPublisher(events);
  await publisher.publish(triggered("1"));
  await until("the first", () => handler.tasks.length === 1);
  await nats.kill();
  const late = publisher.publish(triggered("2"));
  await nats.restart();
  await late;
  await until("the second", () => idsOf(handler.tasks).includes("2"));
});

test("a forged message is not worked on, and not delivered again", async () => {
  await using events = await freshEvents();
  const bound = await ensureHandlerConsumer(events, boost);
  const subject = subjectOf(triggered("1"), events.subjectRoot);
  events.connection.publish(subject, JSON.stringify({ ...triggered("1"), source: "/ci" }));
  events.connection.publish(subject, "junk");
  await using handler = working(events);
  await until("both refused", () => handler.bad.length === 2);
  expect(handler.bad).toEqual(["forged", "not-an-event"]);
  const info = await until("none pending", async () => {
    const now = await consumerInfo(events, bound);
    return now?.num_ack_pending === 0 ? now : undefined;
  });
  expect([info.num_redelivered, handler.tasks]).toEqual([0, []]);
});

test("stopping waits for the running tasks", async () => {
  await using events = await freshEvents();
  await ensureHandlerConsumer(events, boost);
  await using publisher = createPublisher(events);
  await using handler = working(events);
  await publisher.publish(triggered("1"));
  await until("it runs", () => handler.tasks.length === 1);
  handler.stopping.abort();
  let stopped = false;
  void handler.done.then(() => (stopped = true));
  await events.connection.flush();
  expect(stopped).toBe(false);
  handler.finish();
  await handler.done;
});

test("names that differ never share a consumer, and one for other events is not taken", async () => {
  expect(durableName({ project: "a-b", handler: "c", capability: "train" })).not.toBe(
    durableName({ project: "a", handler: "b-c", capability: "train" }),
  );
  expect(durableName({ ...boost, project: "*" })).not.toBe(durableName({ ...boost, project: "all" }));
  await using events = await freshEvents();
  const made = await Promise.all([
    ensureHandlerConsumer(events, boost),
    ensureHandlerConsumer(events, boost),
  ]);
  expect(made[0]).toEqual({ stream: events.stream, durable: "weather-boost-train" });
  await events.manager.consumers.delete(events.stream, "weather-boost-train");
  await events.manager.consumers.add(events.stream, {
    durable_name: "weather-boost-train",
    ack_policy: "explicit",
  });
  await expect(ensureHandlerConsumer(events, boost)).rejects.toMatchObject({ code: "E_CONFLICT" });
});
