import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { natsBinary } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { answer, ask } from "./ask.ts";
import { openEvents, type Events } from "./connection.ts";
import { consumeTasks, type TaskDelivery } from "./consume-tasks.ts";
import { ensureHandlerConsumer } from "./handler-consumer.ts";
import { createPublisher } from "./publish.ts";
import { ensureStream } from "./stream.ts";

// What design and attack list grant a handler, and not a subject more.
const configuration = (port: number, folder: string): string => `
listen: "127.0.0.1:${port}"
jetstream { store_dir: "${folder}" }
authorization { users: [
  { user: admin, password: a }
  { user: boost, password: b, permissions: {
    publish: { allow: [
      "evt.weather.boost.dev.cdeventsx.jackfield-train.started.>", "evt.weather.boost.dev.cdeventsx.jackfield-train.progressed.>",
      "evt.weather.boost.dev.cdeventsx.jackfield-train.finished.>", "ctl.lease.boost", "ctl.handler.boost",
      "$JS.API.CONSUMER.INFO.EVENTS.weather-boost-train", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.weather-boost-train",
      "$JS.ACK.EVENTS.weather-boost-train.>" ] }
    subscribe: { allow: ["_INBOX_boost.>"] } } }
] }`;

let folder = "";
let port = 0;
let server: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-rights-"));
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const address = free.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  free.close();
  await once(free, "close");
  await writeFile(join(folder, "nats.conf"), configuration(port, folder));
  server = spawn((await natsBinary()).path, ["-c", join(folder, "nats.conf")], { stdio: "ignore" });
});
afterAll(async () => {
  if (server !== undefined && server.kill()) await once(server, "exit");
  await rm(folder, { recursive: true, force: true });
});

const as = (user: string, password: string, name = user): Promise<Events> =>
  openEvents({ url: `nats://${user}:${password}@127.0.0.1:${port}`, name });

const trainEvent = (predicate: string, source: string): CloudEvent => ({
  specversion: "1.0",
  id: `r/train/boost/1/${predicate}`,
  source,
  type: eventType("train", predicate, "1.0.0"),
  project: "weather",
  handler: "boost",
});

test("a handler works with its own rights only, and cannot trigger", async () => {
  await using admin = await as("admin", "a", "conductor");
  await ensureStream(admin, { maxBytes: 1_000_000 });
  const bound = await ensureHandlerConsumer(admin, {
    project: "weather",
    handler: "boost",
    capability: "train",
  });
  await using conductor = createPublisher(admin);
  await using _ = await answer(admin, "lease.*", async () => ({ go: true }));

  await using handler = await as("boost", "b");
  await using answers = createPublisher(handler);
  const tasks: TaskDelivery[] = [];
  const stopping = new AbortController();
  const working = consumeTasks(handler, {
    ...bound,
    concurrency: 1,
    signal: stopping.signal,
    onTask: async (task) => {
      await answers.publish(trainEvent("started", "/jackfield/handlers/boost"));
      task.ack();
      tasks.push(task);
    },
    onBad: () => undefined,
  });
  await conductor.publish(trainEvent("triggered", "/jackfield/conductor"));
  await until("the task was taken", () => tasks.length === 1);
  const { position } = await answers.publish(trainEvent("finished", "/jackfield/handlers/boost"));
  expect(position).toEqual({ epoch: 0, sequence: 3 });
  expect(await ask(handler, "lease.boost", {})).toEqual({ go: true });
  const forged = answers.publish(trainEvent("triggered", "/jackfield/conductor"));
  await expect(forged).rejects.toMatchObject({ code: "E_TOKEN_SCOPE" });
  stopping.abort();
  await working;
});

test("a wrong password is a setting to repair, and is not shown", async () => {
  await expect(as("boost", "wrong")).rejects.toMatchObject({
    code: "E_CONFIG",
    message: `NATS at nats://127.0.0.1:${port} refuses this user.`,
  });
});
