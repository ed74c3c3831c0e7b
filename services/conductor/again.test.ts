import { consumerInfo } from "@jackfield/events/handler-consumer";
import { durableName } from "@jackfield/events/names";
import type { Outgoing } from "@jackfield/events/outgoing";
import type { Publisher, PublishOptions } from "@jackfield/events/publish";
import { description, said } from "@jackfield/lifecycle/story-events";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import { nanos } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import { step, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const fetching = { project: "weather", handler: "fetch", capability: "fetch" };

const shortWindow = async (): Promise<void> => {
  const { manager, stream } = world.events;
  await manager.streams.update(stream, { duplicate_window: nanos(100) });
};

/** Waits until the server knows nothing any more of what was published before. */
async function windowPasses(): Promise<void> {
  const probe = said("probed");
  await world.say(probe);
  await world.until("the window passes", async () => !(await world.publisher.publish(probe)).duplicate);
}

const consumer = async () =>
  consumerInfo(world.events, { stream: world.events.stream, durable: durableName(fetching) });

/** Two processes of one handler, both pulling. */
async function twoInstances(work: () => Promise<void>): Promise<void> {
  const active = await world.conductor();
  for (const _ of [1, 2]) await world.handler("fetch", [step("fetch", work)], 1);
  await world.until("it is known", () => world.count("handler.registered") === 1);
  await world.until("both pull", async () => ((await consumer())?.num_waiting ?? 0) >= 2);
  await active.stop();
}

/** A conductor that dies when it has written that somebody is to fetch; answers with what it was about to say. */
async function decidedByOneThatDies(): Promise<CloudEvent> {
  const decided: CloudEvent[] = [];
  const send = (message: Outgoing, options?: PublishOptions) => {
    const event = JSON.parse(Buffer.from(message.body).toString()) as CloudEvent;
    if (event.type !== longType("fetch.triggered")) return world.publisher.send(message, options);
    decided.push(event);
    return new Promise<never>(() => undefined);
  };
  const { conductor, close } = await world.bare({ send } as Publisher);
  const greeting = { instance: "i", concurrency: 1, leaving: false };
  const fetch = description("fetch", ["fetch"], { project: "weather" });
  conductor.live.greet({ ...greeting, description: fetch }, performance.now());
  await world.say(said("fetch.requested", { data: { inputs: { source: { from: "/1" } } } }));
  await world.until("it is decided", () => decided.length === 1);
  await close();
  return decided[0]!;
}

test("a task that is said again when the server has forgotten it is not worked on by another instance", async () => {
  await shortWindow();
  let worked = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await twoInstances(async () => {
    worked += 1;
    await held;
  });
  // Its last word reached the stream.
  await world.say(await decidedByOneThatDies());
  await world.until("one works", () => worked === 1);
  await windowPasses();
  await world.conductor();
  await world.until("it is said again", () => world.count("fetch.triggered") === 2);
  await world.until("nobody holds it", async () => {
    const now = await consumer();
    return now?.num_pending === 0 && now.num_ack_pending === 0;
  });
  release();
  await world.until("the run finishes", () => world.count("run.finished") === 1);
  expect(worked).toBe(1);
  expect(world.count("fetch.started")).toBe(1);
});
