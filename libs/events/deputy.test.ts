import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { until } from "../../test/bed/until.ts";
import { answer, ask } from "./ask.ts";
import type { Events } from "./connection.ts";
import { consumeTasks, type TaskDelivery } from "./consume-tasks.ts";
import { consumerInfo } from "./handler-consumer.ts";
import { admin, handler, service, trainEvent, underRights } from "../../test/bed/under-rights.ts";
import { createPublisher } from "./publish.ts";
import { streamState } from "./stream.ts";
import { subjectOf } from "./subject.ts";
import { takeTask } from "./take-task.ts";

// Attacks in which somebody else is to do it: the server, a service that answers, an inbox that all share.

const house = underRights();
const boost = handler("weather", "boost");
const acme = handler("weather", "acme");

const triggered = async (project: string, name: string, count = 1): Promise<void> => {
  await using publisher = createPublisher(await house.as(service("conductor")));
  for (let n = 1; n <= count; n += 1)
    await publisher.publish({
      ...trainEvent(project, name, "triggered"),
      id: `r${n}/train/${name}/1/triggered`,
    });
};

const nothingSigned = AbortSignal.timeout(60_000);
const take = async (events: Events, project: string, name: string): Promise<TaskDelivery | undefined> =>
  takeTask(events, [await house.consumerOf(project, name)], {
    waitMs: 0,
    signal: nothingSigned,
    onBad: () => undefined,
  });

test("P13: with its own rights a handler registers, takes its task, keeps its lease and answers", async () => {
  const consumer = await house.consumerOf("weather", "boost");
  const conductor = await house.as(service("conductor"));
  await answer(conductor, "lease.*.*", async (_, subject) => ({ go: true, subject }));
  await answer(conductor, "handler.*.*", async () => ({ consumers: [consumer] }));
  const events = await house.as(boost);
  expect(await ask(events, "handler.weather.boost", {})).toEqual({ consumers: [consumer] });
  await using publisher = createPublisher(events);
  const stopping = new AbortController();
  const taken: TaskDelivery[] = [];
  const working = consumeTasks(events, {
    ...consumer,
    concurrency: 2,
    signal: stopping.signal,
    onTask: async (task) => {
      await publisher.publish(trainEvent("weather", "boost", "started"));
      task.ack();
      taken.push(task);
    },
    onBad: () => undefined,
  });
  await triggered("weather", "boost");
  await until("the task", () => taken.length === 1);
  expect(await ask(events, "lease.weather.boost", {})).toEqual({ go: true, subject: "lease.weather.boost" });
  await publisher.publish(trainEvent("weather", "boost", "finished"));
  await until("the ack", async () => (await consumerInfo(conductor, consumer))?.num_ack_pending === 0);
  stopping.abort();
  await working;
  expect((await house.log()).map(({ event }) => event?.id)).toEqual([
    "r1/train/boost/1/triggered",
    "r/train/boost/1/started",
    "r/train/boost/1/finished",
  ]);
});

test("P11: the inbox of another is not to be read, nor one that all would share", async () => {
  await triggered("weather", "acme");
  const { connection } = await house.as(boost);
  const overheard: string[] = [];
  for (const subject of ["_INBOX_weather-acme.>", "_INBOX.>", "_INBOX_*.>", "*.>", ">", "_R_.>"])
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) overheard.push(message.subject);
      },
    });
  await connection.flush();
  expect(await take(await house.as(acme), "weather", "acme")).toBeDefined();
  await connection.flush();
  expect(overheard).toEqual([]);
});

/** Where a reply would do harm. */
const harmful = [
  "$JS.API.STREAM.PURGE.EVENTS",
  "$JS.API.STREAM.DELETE.EVENTS",
  "$JS.API.CONSUMER.DELETE.EVENTS.weather-acme-train",
  subjectOf(trainEvent("weather", "acme", "finished")),
  subjectOf(trainEvent("weather", "boost", "triggered")),
  "evt.sales._.com.example.pushed",
  "ctl.lease.weather.acme",
  "ctl.conductor.abort",
  "_INBOX_weather-acme.x",
];

/** Everything that a handler may say, with a reply subject of its choice. */
const sayAll = (connection: NatsConnection, reply: string, round: number): void => {
  const next = JSON.stringify({ batch: 2, expires: nanos(200_000_000) });
  connection.publish("jackfield.api.CONSUMER.MSG.NEXT.EVENTS.weather-boost-train", next, { reply });
  connection.publish("jackfield.api.CONSUMER.INFO.EVENTS.weather-boost-train", "", { reply });
  for (const word of ["+ACK", "+NXT", "-NAK", "+WPI", ""])
    connection.publish(`$JS.ACK.EVENTS.weather-boost-train.1.${round}.${round}.1.0`, word, { reply });
  connection.publish(subjectOf(trainEvent("weather", "boost", "finished")), `junk ${reply}`, { reply });
  connection.publish("ctl.lease.weather.boost", "{}", { reply });
  connection.publish("ctl.handler.weather.boost", "{}", { reply });
};

test("P12: no reply subject makes the server or a service speak for a handler: nothing is purged, deleted, stored or asked", async () => {
  await house.consumerOf("weather", "boost");
  const acmes = await house.consumerOf("weather", "acme");
  const root = await house.as(admin);
  const conductor = await house.as(service("conductor"));
  const asked: string[] = [];
  for (const subject of ["lease.*.*", "handler.*.*", "conductor.*"])
    await answer(conductor, subject, async (_, about) => void asked.push(about));
  await triggered("weather", "boost", 2 * harmful.length);
  const { connection } = await house.as(boost);
  const before = await streamState(root);
  for (const [round, reply] of harmful.entries()) sayAll(connection, reply, round + 1);
  await connection.flush();
  await until(
    "all of it",
    async () => (await streamState(root))?.last === (before?.last ?? 0) + harmful.length,
  );
  // What the server would have sent by now comes before the answer to this.
  await (await house.as(service("gateway"))).connection.flush();
  const after = await streamState(root);
  expect(after).toMatchObject({ created: before?.created, first: 1 });
  expect(await consumerInfo(conductor, acmes)).toBeDefined();
  const junk = (await house.log()).slice(2 * harmful.length).map(({ subject }) => subject);
  expect(new Set(junk)).toEqual(new Set([subjectOf(trainEvent("weather", "boost", "finished"))]));
  expect(new Set(asked)).toEqual(new Set(["lease.weather.boost", "handler.weather.boost"]));
});

test("a handler does not get the tasks of another, nor those of its name in another project, and is told so", async () => {
  await triggered("weather", "acme");
  await triggered("sales", "boost");
  const events = await house.as(boost);
  for (const [project, name] of [
    ["weather", "acme"],
    ["sales", "boost"],
  ] as const) {
    const consumer = await house.consumerOf(project, name);
    await expect(take(events, project, name)).rejects.toMatchObject({
      code: "E_TOKEN_SCOPE",
      message: `The NATS user weather-boost may not publish on jackfield.api.CONSUMER.INFO.EVENTS.${consumer.durable}.`,
    });
    const told = await new Promise((resolve) => {
      const stopping = new AbortController();
      const onProblem = (problem: unknown): void => {
        stopping.abort();
        resolve(problem);
      };
      const { signal } = stopping;
      void consumeTasks(events, {
        ...consumer,
        concurrency: 1,
        signal,
        onTask: async () => undefined,
        onBad: () => undefined,
        onProblem,
      });
    });
    expect(told).toMatchObject({ code: "E_TOKEN_SCOPE" });
  }
});

test("a handler neither answers leases nor asks for those of others, and does not wait for an answer that cannot come", async () => {
  const events = await house.as(boost);
  for (const subject of ["lease.weather.boost", "lease.*.*", "conductor.bind", "logs.command"])
    await expect(answer(events, subject, async () => ({ go: true }))).rejects.toMatchObject({
      code: "E_TOKEN_SCOPE",
      message: `The NATS user weather-boost may not subscribe to ctl.${subject}.`,
    });
  for (const subject of ["lease.weather.acme", "lease.sales.boost", "handler.weather.acme", "conductor.bind"])
    await expect(ask(events, subject, {}, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: "E_TOKEN_SCOPE",
    });
});

test("S23: a service that is only a handler can do nothing to the stream or to consumers", async () => {
  await triggered("weather", "boost");
  const before = await streamState(await house.as(admin));
  const { manager, stream } = await house.as(service("train"));
  for (const attempt of [
    () => manager.streams.purge(stream),
    () => manager.streams.delete(stream),
    () => manager.streams.deleteMessage(stream, 1),
    () => manager.streams.getMessage(stream, { seq: 1 }),
    () => manager.consumers.add(stream, { durable_name: "mine", ack_policy: "explicit" }),
    () => manager.consumers.delete(stream, "weather-boost-train"),
  ])
    await expect(attempt()).rejects.toThrow(/ermission/);
  expect(await streamState(await house.as(admin))).toEqual(before);
});
