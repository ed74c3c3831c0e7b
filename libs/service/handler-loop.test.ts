import { answer } from "@jackfield/events/ask";
import { openEvents } from "@jackfield/events/connection";
import { ensureHandlerConsumer } from "@jackfield/events/handler-consumer";
import { createPublisher } from "@jackfield/events/publish";
import { ensureStream } from "@jackfield/events/stream";
import { capability } from "@jackfield/spec/event/contract";
import { sourceOfService } from "@jackfield/spec/event/ids";
import { eventType } from "@jackfield/spec/event/type";
import { expect, test } from "vitest";
import { z } from "zod";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { on, serve } from "./serve.ts";

const nats = natsForThisFile();
const echo = capability("echo", {
  input: z.object({}),
  output: z.object({}),
  tables: [],
  example: { input: {}, output: {} },
});
const consumer = { project: "p", handler: "echo", capability: "echo" };

const triggered = {
  specversion: "1.0" as const,
  id: "r/echo/echo/1/triggered",
  source: sourceOfService("conductor"),
  type: eventType("echo", "triggered", "1.0.0"),
  subject: "r/echo",
  project: "p",
  run: "r",
  handler: "echo",
  attempt: 1,
  data: {
    inputs: {},
    handlerversion: "1",
    limits: { startSeconds: 30, leaseSeconds: 60, finishSeconds: 600, attempts: 3 },
  },
};

test("what a consumer that was made anew shows again is not worked on twice", async () => {
  const stream = prefix();
  await using conductor = await openEvents({ url: nats.url, name: "conductor", prefix: stream });
  await ensureStream(conductor, { maxBytes: 1_000_000 });
  let bound = await ensureHandlerConsumer(conductor, consumer);
  await using _registers = await answer(conductor, "handler.*.*", async () => ({
    consumers: [{ capability: "echo", ...bound }],
    everySeconds: 5,
  }));
  await using _leases = await answer(conductor, "lease.*.*", async () => ({ go: true, untilSeconds: 60 }));
  let worked = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const work = on(echo, async () => {
    worked += 1;
    await held;
    return {};
  });
  const serving = await serve(
    { name: "echo", handlers: [work], concurrency: 2, version: "1" },
    {
      JACKFIELD_NATS_URL: nats.url,
      JACKFIELD_PREFIX: stream,
      JACKFIELD_PROJECT: "p",
      JACKFIELD_ARTIFACTS_URL: "file:///nowhere",
      JACKFIELD_LOG_LEVEL: "silent",
    },
  );
  await using publisher = createPublisher(conductor);
  await publisher.publish(triggered);
  await until("work", () => worked === 1);
  await conductor.manager.consumers.delete(bound.stream, bound.durable);
  bound = await ensureHandlerConsumer(conductor, consumer);
  const acknowledged = async (): Promise<number> =>
    (await conductor.manager.consumers.info(bound.stream, bound.durable)).ack_floor.stream_seq;
  await until("the repeat is acknowledged", async () => (await acknowledged()) > 0);
  release();
  // Waits for whatever is at work.
  await serving.close();
  expect(worked).toBe(1);
});
