import { askService } from "@jackfield/service/answer";
import { applied } from "@jackfield/lifecycle/story-events";
import * as ask from "@jackfield/spec/ask/conductor";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import { step, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const finished = (count: number) =>
  world.until("the runs finish", () => world.count("run.finished") >= count, 25_000);

/** A fetch that holds every task until the story lets one of them go. */
function holding() {
  const held: (() => void)[] = [];
  const handler = step("fetch", () => new Promise((resolve) => held.push(resolve)));
  return { handler, held };
}

test("A limit holds from the moment it is applied, also for runs that began before it, and why names it", async () => {
  await world.conductor();
  const { handler, held } = holding();
  await world.weather([handler]);
  await world.say(applied({ limits: { capabilities: { fetch: 1 } } }, 2));
  await Promise.all([1, 2, 3].map(() => world.run({ cache: false })));
  await world.until("three runs began", () => world.count("run.started") === 3);
  await world.until("one fetch works", () => held.length === 1);
  const told = await askService(world.events, ask.why, { ref: "seattle-3" });
  expect(told.because).toEqual(["fetch: weather has 1 at work for fetch, its limit"]);
  expect(world.count("fetch.triggered")).toBe(1);
  await world.say(applied({ limits: { running: 2 } }, 3));
  await world.until("a second one works", () => held.length === 2);
  expect(world.count("fetch.triggered")).toBe(2);
  await world.say(applied({}, 4));
  await world.until("all work", () => held.length === 3);
  held.forEach((release) => release());
  await finished(3);
});

test("After a pause no more answers follow than there were slots", async () => {
  await world.conductor();
  const { handler, held } = holding();
  await world.weather([handler]);
  await Promise.all(Array.from({ length: 12 }, () => world.run({ cache: false })));
  await world.until("the slots are taken", () => held.length === 4);
  const names = Array.from({ length: 12 }, (_, index) => `seattle-${index + 1}`);
  await Promise.all(names.map((run) => askService(world.events, ask.pause, { run })));
  held.forEach((release) => release());
  await world.until("they answer", () => world.count("fetch.finished") === 4);
  const told = await askService(world.events, ask.why, { ref: "seattle-12" });
  expect(told.state).toBe("paused");
  expect([world.count("fetch.triggered"), world.count("split.triggered")]).toEqual([4, 0]);
  await Promise.all(names.map((run) => askService(world.events, ask.abort, { run })));
  await finished(12);
});

test("Who has waited longest comes first, also after a restart of the conductor", async () => {
  const first = await world.conductor();
  const { handler, held } = holding();
  await world.say(applied());
  const fetching = await world.handler("fetch", [handler], 1);
  await world.until("fetch is there", () => world.count("handler.registered") === 1);
  for (let count = 1; count <= 8; count += 1) {
    await world.run({ cache: false });
    await world.until("the run begins", () => world.count("run.started") === count);
  }
  await world.until("the slot is taken", () => held.length === 1);
  await first.stop();
  await world.conductor();
  for (let count = 1; count <= 8; count += 1) {
    await world.until("the next one works", () => held.length === count);
    held[count - 1]?.();
  }
  const began = world.all("run.started").map(({ run }) => run);
  expect(world.all("fetch.triggered").map(({ run }) => run)).toEqual(began);
  await fetching.close();
});
