import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { answer } from "@jackfield/events/ask";
import { openEvents, type Events } from "@jackfield/events/connection";
import { ensureHandlerConsumer, type BoundConsumer } from "@jackfield/events/handler-consumer";
import { readLog } from "@jackfield/events/log-reader";
import { createPublisher } from "@jackfield/events/publish";
import { ensureStream } from "@jackfield/events/stream";
import { Problem } from "@jackfield/problem/problem";
import { fact, capability } from "@jackfield/spec/event/contract";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { sourceOfService, taskEventId } from "@jackfield/spec/event/ids";
import type { FinishedData } from "@jackfield/spec/event/task";
import { eventType, shortType } from "@jackfield/spec/event/type";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { answered, on, refused, serve, type Serving } from "./serve.ts";
import type { Handler } from "./on.ts";

const nats = natsForThisFile();
const double = capability("double", {
  input: z.object({ number: z.number() }),
  output: z.object({ number: z.number(), rows: z.unknown().optional() }),
  tables: ["rows"],
  example: { input: { number: 1 }, output: { number: 2 } },
});

const consumer = { project: "p", handler: "doubler", capability: "double" };

let folder: string;
let events: Events;
let stream: string;
let seen: CloudEvent[];
let bound: BoundConsumer | undefined;
let lease: () => object;
let serving: Serving | undefined;
const reading = { stop: new AbortController(), done: Promise.resolve() };

// The conductor's part, played by real answers over the real NATS: it makes the consumer and says go or stop.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-serve-"));
  stream = prefix();
  seen = [];
  bound = undefined;
  lease = () => ({ go: true, untilSeconds: 60 });
  events = await openEvents({ url: nats.url, name: "conductor", prefix: stream });
  await ensureStream(events, { maxBytes: 64_000_000 });
  await answer(events, "handler.*.*", async () => {
    bound = await ensureHandlerConsumer(events, consumer);
    return { consumers: [{ capability: "double", ...bound }], everySeconds: 5 };
  });
  await answer(events, "lease.*.*", async () => lease());
  reading.stop = new AbortController();
  reading.done = readLog(events, {
    from: undefined,
    signal: reading.stop.signal,
    onBatch: async (batch) =>
      void seen.push(...batch.flatMap((entry) => (entry.event === undefined ? [] : [entry.event]))),
  });
});

afterEach(async () => {
  await serving?.close();
  serving = undefined;
  reading.stop.abort();
  await reading.done;
  await events.close();
  await rm(folder, { recursive: true, force: true });
});

async function given(handler: Handler): Promise<void> {
  serving = await serve(
    { name: "doubler", handlers: [handler], version: "1" },
    {
      JACKFIELD_NATS_URL: nats.url,
      JACKFIELD_PREFIX: stream,
      JACKFIELD_PROJECT: "p",
      JACKFIELD_ARTIFACTS_URL: pathToFileURL(folder).href,
      JACKFIELD_LOG_LEVEL: "silent",
    },
  );
  // What waits when a handler comes may have been worked on, and is not begun without a lease.
  const pulling = async (): Promise<boolean> =>
    bound !== undefined && (await events.manager.consumers.info(bound.stream, bound.durable)).num_waiting > 0;
  await until("the handler pulls", pulling);
}

async function when(number: unknown, task = "r/double"): Promise<void> {
  await using publisher = createPublisher(events);
  await publisher.publish({
    specversion: "1.0",
    id: taskEventId({ task, handler: "doubler", attempt: 1 }, "triggered"),
    source: sourceOfService("conductor"),
    type: eventType("double", "triggered", "1.0.0"),
    subject: task,
    project: "p",
    run: "r",
    handler: "doubler",
    attempt: 1,
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data: {
      inputs: { number },
      handlerversion: "1",
      limits: { startSeconds: 30, leaseSeconds: 60, finishSeconds: 600, attempts: 3 },
    },
  });
}

const answers = (predicate: string): CloudEvent[] =>
  seen.filter((event) => shortType(event.type) === `double.${predicate}`);
const theAnswer = async (): Promise<CloudEvent & { data: FinishedData }> => {
  await until("finished", () => answers("finished").length > 0);
  return answers("finished")[0] as CloudEvent & { data: FinishedData }; // written by the SDK under test
};

test("a function becomes a handler: started is stored, then the work, then finished with what came of it", async () => {
  await given(
    on(double, async ({ number }, task) => {
      await task.progress(0.5, "half", { number });
      return answered(
        { number: number * 2, rows: [{ __row_id: "a", n: 1 }] },
        { result: "warning", message: "doubled" },
      );
    }),
  );
  await when(21);
  const finished = await theAnswer();
  expect(seen.map((event) => shortType(event.type))).toEqual([
    "double.triggered",
    "double.started",
    "double.progressed",
    "double.finished",
  ]);
  expect(finished).toMatchObject({
    id: "r/double/doubler/1/finished",
    source: "/jackfield/handlers/doubler",
    subject: "r/double",
    triggeredid: "r/double/doubler/1/triggered",
    causationid: "r/double/doubler/1/triggered",
    status: "succeeded",
    result: "warning",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data: {
      message: "doubled",
      outputs: { number: 42, rows: { rows: 1, columns: [{ name: "n", type: "number" }] } },
    },
  });
});

test.each([
  ["a refusal is final", new Problem("E_NO_COLUMN", "No column x"), false, "E_NO_COLUMN"],
  ["a trouble may be tried again", new Problem("E_RETRY_LATER", "Busy"), true, "E_RETRY_LATER"],
  ["what has no name is our own fault, and may pass", new Error("boom"), true, "E_BROKEN"],
])("%s", async (_, thrown, retry, code) => {
  await given(
    on(double, async () => {
      throw thrown;
    }),
  );
  await when(1);
  expect(await theAnswer()).toMatchObject({
    status: "errored",
    data: { retry, problem: { code, what: thrown.message } },
  });
});

test("work that cannot be done keeps its logs", async () => {
  const logs = [{ mediaType: "text/plain", digest: `sha256:${"0".repeat(64)}`, size: 3 }];
  await given(on(double, async () => refused(new Problem("E_EXIT", "exit 3"), { logs })));
  await when(1);
  expect(await theAnswer()).toMatchObject({ status: "errored", data: { logs, problem: { code: "E_EXIT" } } });
});

test("inputs and outputs that break the contract are named, not worked on", async () => {
  await given(on(double, async ({ number }) => ({ number: number > 1 ? ("two" as unknown as number) : 2 })));
  await when("one");
  expect((await theAnswer()).data.problem).toMatchObject({
    code: "E_INVALID",
    why: expect.stringContaining("number") as string,
  });
  seen = [];
  await when(2, "r2/double");
  expect((await theAnswer()).data.problem).toMatchObject({
    code: "E_BAD_OUTPUT",
    why: expect.stringContaining("number") as string,
  });
});

test("a lease that says no stops the work, and the answer says aborted", async () => {
  lease = () => ({ go: false, reason: "abort" });
  await given(
    on(
      double,
      (_, task) =>
        new Promise((_resolve, reject) =>
          task.signal.addEventListener("abort", () => reject(new Error("stopped"))),
        ),
    ),
  );
  await when(1);
  await until("the lease is asked", () => answers("finished").length > 0);
  expect(await theAnswer()).toMatchObject({ status: "aborted", data: { problem: { code: "E_ABORTED" } } });
});

test("a delivery older than its consumer is not worked on when the lease says no", async () => {
  await when(1);
  let worked = 0;
  let asked = false;
  lease = () => {
    asked = true;
    return { go: false, reason: "stale" };
  };
  await given(on(double, async ({ number }) => ({ number: (worked += number) })));
  await until("the lease of the old delivery is asked", () => asked);
  await when(2, "r2/double");
  expect(await theAnswer()).toMatchObject({ subject: "r2/double" });
  expect(worked).toBe(2);
});

test("a handler that shuts down hands its task back", async () => {
  await given(
    on(
      double,
      (_, task) =>
        new Promise((_resolve, reject) =>
          task.signal.addEventListener("abort", () => reject(new Error("stopped"))),
        ),
    ),
  );
  await when(1);
  await until("started", () => answers("started").length > 0);
  await serving?.close();
  expect(await theAnswer()).toMatchObject({
    status: "errored",
    data: { retry: true, problem: { code: "E_HANDED_BACK" } },
  });
}, 20_000);

test("a fact is declared once and typed from its name", () => {
  const happened = fact("thing.happened", { data: z.object({ n: z.number() }), example: { n: 1 } });
  expect(happened.type).toBe("dev.cdeventsx.jackfield-thing.happened.1.0.0");
});
