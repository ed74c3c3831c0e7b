// A handler in Python over NATS: the same behaviour as by the TypeScript SDK, under the rights that a handler has.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test, type TestContext } from "vitest";
import { answer } from "@jackfield/events/ask";
import { openEvents, type Events } from "@jackfield/events/connection";
import { ensureHandlerConsumer } from "@jackfield/events/handler-consumer";
import { readLog } from "@jackfield/events/log-reader";
import { markAgain, outgoing } from "@jackfield/events/outgoing";
import { createPublisher, type Publisher } from "@jackfield/events/publish";
import { ensureStream } from "@jackfield/events/stream";
import { lease, register } from "@jackfield/spec/ask/conductor";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType, shortType } from "@jackfield/spec/event/type";
import { pythonForThisFile } from "../../test/bed/python.ts";
import { guardedNatsForThisFile } from "../../test/bed/rights.ts";
import { until } from "../../test/bed/until.ts";

const { nats, credential } = guardedNatsForThisFile({});
const python = pythonForThisFile("requirements");

const program = join(import.meta.dirname, "fixture/doubler.py");

let folder: string;
let conductor: Events;
let publisher: Publisher;
let child: ChildProcess | undefined;
let leaseOf: (asked: { task: string }) => object;
const asked: { task: string }[] = [];
const registered: object[] = [];
const seen: CloudEvent[] = [];
const reading = new AbortController();
const said = { text: "" };

// The conductor's part, played by real answers over a real NATS.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-serve-"));
  const as = (name: string): Promise<Events> =>
    openEvents({ url: nats.url, name, creds: credential({ kind: "service", name }) });
  await ensureStream(await as("tracker"), { maxBytes: 64_000_000 });
  conductor = await as("conductor");
  publisher = createPublisher(conductor);
  await answer(conductor, "handler.*.*", async (input) => {
    registered.push(register.input.parse(input));
    const consumers = ["double", "halve"].map(async (capability) => ({
      capability,
      ...(await ensureHandlerConsumer(conductor, { project: "p", handler: "doubler", capability })),
    }));
    return { consumers: await Promise.all(consumers), everySeconds: 1 };
  });
  await answer(conductor, "lease.*.*", async (input) => {
    const question = lease.input.parse(input);
    asked.push(question);
    return leaseOf(question);
  });
  void readLog(conductor, {
    from: undefined,
    signal: reading.signal,
    onBatch: async (batch) => void seen.push(...batch.flatMap(({ event }) => event ?? [])),
  });
});
beforeEach(() => {
  leaseOf = () => ({ go: true, untilSeconds: 60 });
});
afterAll(async () => {
  child?.kill("SIGKILL");
  reading.abort();
  await publisher.close();
  await conductor.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the handler, once for the stories of this file. */
async function serving(context: TestContext): Promise<ChildProcess> {
  const { python: interpreter } = python(context);
  if (child !== undefined && child.exitCode === null) return child;
  const party = { kind: "handler" as const, project: "p", handler: "doubler" };
  await writeFile(join(folder, "doubler.creds"), credential({ ...party, capabilities: ["double", "halve"] }));
  const env = {
    PATH: process.env["PATH"],
    JACKFIELD_NATS_URL: nats.url,
    JACKFIELD_NATS_CREDS: join(folder, "doubler.creds"),
    JACKFIELD_PROJECT: "p",
    JACKFIELD_ARTIFACTS_URL: pathToFileURL(folder).href,
  };
  child = spawn(interpreter, [program], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  child.stderr?.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  const bound = async (capability: string): Promise<boolean> =>
    (await conductor.manager.consumers.info(conductor.stream, `p-doubler-${capability}`)).num_waiting > 0;
  await until("it pulls", async () => (await bound("double")) && (await bound("halve")), {
    withinMs: 20_000,
  }).catch((error: unknown) => {
    throw new Error(said.text, { cause: error });
  });
  return child;
}

const triggered = (task: string, inputs: object, capability = "double"): CloudEvent => ({
  specversion: "1.0",
  id: `${task}/doubler/1/triggered`,
  source: "/jackfield/conductor",
  type: eventType(capability, "triggered", "1.0.0"),
  subject: task,
  time: new Date().toISOString(),
  correlationid: "a-story",
  project: "p",
  run: "r",
  handler: "doubler",
  attempt: 1,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  data: {
    inputs,
    handlerversion: "1",
    limits: { startSeconds: 30, leaseSeconds: 0.6, finishSeconds: 600, attempts: 3 },
  },
});

const answersTo = (task: string): CloudEvent[] =>
  seen.filter((event) => event.subject === task && !event.type.includes(".triggered."));
const predicates = (task: string): string[] => answersTo(task).map(({ type }) => shortType(type));

async function finished(task: string): Promise<CloudEvent> {
  const find = (): CloudEvent | undefined =>
    answersTo(task).find(({ type }) => shortType(type).endsWith(".finished"));
  return until(`the answer to ${task}`, find, { withinMs: 20_000 }).catch((error: unknown) => {
    throw new Error(said.text, { cause: error });
  });
}

test("a function becomes a handler: started is stored, then the work, then finished with what came of it", async (context) => {
  await serving(context);
  await publisher.publish(triggered("r/one", { number: 21 }));
  expect(await finished("r/one")).toMatchObject({
    id: "r/one/doubler/1/finished",
    source: "/jackfield/handlers/doubler",
    triggeredid: "r/one/doubler/1/triggered",
    causationid: "r/one/doubler/1/triggered",
    correlationid: "a-story",
    handler: "doubler",
    role: "primary",
    attempt: 1,
    status: "succeeded",
    result: "warning",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    data: { message: "doubled", outputs: { number: 42 } },
  });
  expect(predicates("r/one")).toEqual(["double.started", "double.progressed", "double.finished"]);
  expect(answersTo("r/one")[1]?.data).toEqual({
    fraction: 0.5,
    message: "half",
    step: 1,
    metrics: { number: 21 },
  });
  expect(registered.at(-1)).toMatchObject({
    handler: "doubler",
    project: "p",
    concurrency: 2,
    contracts: { double: { from: "1.0.0", to: "1.0.0" } },
  });
});

test("an async function does, too", async (context) => {
  await serving(context);
  await publisher.publish(triggered("r/half", { number: 3 }, "halve"));
  expect((await finished("r/half")).data).toMatchObject({ outputs: { number: 1.5 } });
});

test.for([
  [
    "a refusal is final",
    { refuse: true },
    false,
    { code: "E_NO_COLUMN", what: "No column x", next: "add it" },
  ],
  ["what has no name may pass", { break: true }, true, { code: "E_BROKEN", what: "KeyError: 'x'" }],
  [
    "an answer that is too large is an error that can be said",
    { large: true },
    false,
    { code: "E_TOO_LARGE" },
  ],
] as const)("%s", async ([name, inputs, retry, problem], context) => {
  await serving(context);
  const task = `r/${name.replaceAll(" ", "-")}`;
  await publisher.publish(triggered(task, inputs));
  expect(await finished(task)).toMatchObject({ status: "errored", data: { retry, problem } });
});

test.for([
  ["a thread that looks", "double", { wait: true }],
  ["an async function", "halve", { seconds: 60 }],
] as const)(
  "a lease that says no stops %s, and the answer says aborted",
  async ([name, capability, inputs], context) => {
    await serving(context);
    leaseOf = () => ({ go: false, reason: "abort" });
    const task = `r/stop-${name.replaceAll(" ", "-")}`;
    await publisher.publish(triggered(task, inputs, capability));
    expect(await finished(task)).toMatchObject({
      status: "aborted",
      data: { problem: { code: "E_ABORTED" } },
    });
  },
);

test("what is said again is asked about first, and not worked on when the lease says no", async (context) => {
  await serving(context);
  leaseOf = ({ task }) =>
    task === "r/again" ? { go: false, reason: "stale" } : { go: true, untilSeconds: 60 };
  const again = outgoing(triggered("r/again", { number: 1 }), conductor);
  markAgain(again.headers);
  await publisher.send(again);
  await until("the question", () => asked.some(({ task }) => task === "r/again"));
  await publisher.publish(triggered("r/after", { number: 1 }));
  await finished("r/after");
  expect(predicates("r/again")).toEqual([]);
});

test("a server that was killed and comes back finds it at work", async (context) => {
  await serving(context);
  await publisher.publish(triggered("r/long", { number: 4, seconds: 1.5 }, "halve"));
  await until("started", () => predicates("r/long").includes("halve.started"));
  await nats.kill();
  await nats.restart();
  expect((await finished("r/long")).data).toMatchObject({ outputs: { number: 2 } });
  await publisher.publish(triggered("r/then", { number: 5 }));
  expect((await finished("r/then")).data).toMatchObject({ outputs: { number: 10 } });
}, 40_000);

test("a shutdown hands back what does not end, says goodbye, and leaves in order", async (context) => {
  const handler = await serving(context);
  await publisher.publish(triggered("r/hang", { hang: true }));
  await until("started", () => predicates("r/hang").includes("double.started"));
  const exited = once(handler, "exit");
  handler.kill("SIGTERM");
  expect(await finished("r/hang")).toMatchObject({
    status: "errored",
    data: { retry: true, problem: { code: "E_HANDED_BACK" } },
  });
  expect((await exited)[0]).toBe(0);
  expect(registered.at(-1)).toMatchObject({ leaving: true, concurrency: 0 });
});
