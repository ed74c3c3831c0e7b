// Whoever speaks NATS and CloudEvents needs nothing of ours: here the client library that came before ours.
import { connect, headers, type JetStreamClient, type JsMsg, type NatsConnection } from "nats";
import { expect, onTestFinished, test } from "vitest";
import { applied, lifecycleOn } from "@jackfield/lifecycle/story-events";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { train } from "@jackfield/spec/train";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import { steps, step, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

async function oldClient(user: string): Promise<{ connection: NatsConnection; jetstream: JetStreamClient }> {
  const connection = await connect({ servers: nats.url, inboxPrefix: `_INBOX_${user}` });
  onTestFinished(() => connection.close());
  return { connection, jetstream: connection.jetstream() };
}

/** `evt.<project>.<handler>.<type>` */
const subject = (handler: string, { type }: CloudEvent): string =>
  `${world.place.prefix}.evt.weather.${handler}.${type}`;

async function publish(jetstream: JetStreamClient, handler: string, event: CloudEvent): Promise<void> {
  const structured = headers();
  structured.set("Content-Type", "application/cloudevents+json");
  await jetstream.publish(subject(handler, event), JSON.stringify(event), { headers: structured });
}

/** Reads the story until its run is over: the short types, as they come. */
async function readStory(jetstream: JetStreamClient, correlationid: string): Promise<string[]> {
  const consumer = await jetstream.consumers.get(`${world.place.prefix}_EVENTS`, {
    filterSubjects: `${world.place.prefix}.evt.weather.>`,
  });
  const told: string[] = [];
  for await (const message of await consumer.consume()) {
    const event = message.json<CloudEvent>();
    if (event.correlationid !== correlationid) continue;
    told.push(`${event.type.slice(24, -6)}${event.handler === undefined ? "" : ` ${event.handler}`}`);
    if (event.type.includes("run.finished")) break;
  }
  return told;
}

const request = (short: string, id: string, parts: object): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/ci/old",
  type: `dev.cdeventsx.jackfield-${short}.1.0.0`,
  correlationid: id,
  project: "weather",
  ...parts,
});

test("the nats package asks for a run in structured mode, and reads it to its end", async () => {
  await world.conductor();
  await world.weather();
  const { jetstream } = await oldClient("old");
  await publish(jetstream, "_", request("run.requested", "old-1", { subproject: "seattle", data: {} }));
  expect(await readStory(jetstream, "old-1")).toEqual([
    "run.requested",
    "run.started",
    ...["fetch", "split", "train", "evaluate"].flatMap((name) => [
      ...["triggered", "started", "finished"].map(
        (predicate) => `${name}.${predicate} ${name === "train" ? "command" : name}`,
      ),
      ...(name === "fetch" ? ["dataset.published"] : name === "train" ? ["model.published"] : []),
    ]),
    "run.finished",
  ]);
});

/** A handler by hand: the `triggered` that it took is started, acknowledged and finished. */
async function answer(jetstream: JetStreamClient, message: JsMsg): Promise<void> {
  const triggered = message.json<CloudEvent>();
  const { id, subject: task, type, handler, attempt, role, correlationid, run } = triggered;
  const answered = (predicate: string, parts: object): CloudEvent => ({
    specversion: "1.0",
    id: id.replace(/triggered$/, predicate),
    source: "/jackfield/handlers/boost",
    type: type.replace(".triggered.", `.${predicate}.`),
    subject: task,
    ...{ project: "weather", handler, attempt, role, correlationid, run },
    triggeredid: id,
    causationid: id,
    ...parts,
  });
  await publish(jetstream, "boost", answered("started", { data: { instance: "old" } }));
  message.ack();
  const { output } = train.example;
  await publish(jetstream, "boost", answered("finished", { status: "succeeded", data: { outputs: output } }));
}

test("the nats package is a handler: it registers, pulls from its consumer, and answers", async () => {
  await world.conductor();
  await world.say(applied());
  const { connection, jetstream } = await oldClient("weather-boost");
  const self = {
    handler: "boost",
    version: "3f9a12bc",
    contracts: { train: { from: "1.0.0", to: "1.0.0" } },
    project: "weather",
    ...{ instance: "old", concurrency: 1 },
  };
  const place = `${world.place.prefix}.ctl.handler.weather.boost`;
  const registered = await connection.request(place, JSON.stringify(self), { timeout: 5_000 });
  const { stream, durable } = registered.json<{
    answer: { consumers: { stream: string; durable: string }[] };
  }>().answer.consumers[0]!;
  const asking = request("train.requested", "old-2", {
    data: { handler: "boost", inputs: train.example.input },
  });
  await publish(jetstream, "_", asking);
  const consumer = await jetstream.consumers.get(stream, durable);
  const message = await consumer.next({ expires: 10_000 });
  await answer(jetstream, message!);
  expect((await readStory(jetstream, "old-2")).filter((word) => !word.startsWith("handler."))).toEqual([
    "train.requested",
    "run.started",
    "train.triggered boost",
    "train.started boost",
    "train.finished boost",
    "model.published",
    "run.finished",
  ]);
});

test("a CDEvent of another tool starts the workflow that listens to its type", async () => {
  await world.conductor();
  const published = "dev.cdevents.artifact.published.0.3.0";
  await world.say(applied({ workflows: lifecycleOn("dev.cdevents.artifact.*") }));
  for (const name of steps) await world.handler(name === "train" ? "command" : name, [step(name)]);
  await world.until("all are there", () => world.count("handler.registered") === steps.length);
  const { jetstream } = await oldClient("old");
  const context = {
    specversion: "0.5.1",
    id: "cd-1",
    source: "/ci",
    type: published,
    timestamp: "2026-05-01T10:00:00Z",
  };
  const data = { context, subject: { id: "pkg:oci/app@1", content: {} } };
  const { type, id, source } = context;
  await publish(jetstream, "_", {
    specversion: "1.0",
    id,
    source,
    type,
    subject: data.subject.id,
    project: "weather",
    data,
  });
  await world.until("its run ends", () => world.count("run.finished") === 1);
  expect(world.all("run.started")).toMatchObject([
    { causationid: "cd-1", causationsource: "/ci", subproject: "seattle" },
  ]);
});
