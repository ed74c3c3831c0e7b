import { applied } from "@jackfield/lifecycle/story-events";
import type { Task } from "@jackfield/service/task";
import { defaultLifecycle } from "@jackfield/spec/project/workflow";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import { step, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const handlers = ["a", "b", "c"];
const shadows = ["s", "t"];

/** One step, asked of a, b and c, of which two must agree; s and t shadow b, which is bound. */
const quorum = applied(
  {
    bind: { fetch: { to: "b", shadows } },
    workflows: {
      lifecycle: {
        on: [],
        steps: defaultLifecycle.steps
          .filter(({ name }) => name === "fetch")
          .map((fetch) => ({ ...fetch, handlers, complete: { quorum: 2 } })),
      },
    },
  },
  2,
);

interface Held {
  name: string;
  task: Task;
  release: () => void;
}

/** Every handler holds what it is given until the story lets it go, or it is told to stop. */
async function five(): Promise<Held[]> {
  const held: Held[] = [];
  for (const name of [...handlers, ...shadows]) {
    const holds = step(
      "fetch",
      (task) =>
        new Promise((resolve) => {
          held.push({ name, task, release: resolve });
          task.signal.addEventListener("abort", () => resolve());
        }),
    );
    await world.handler(name, [holds]);
  }
  await world.until("all are registered", () => world.count("handler.registered") === 5);
  return held;
}

test("A primary with two shadows and a quorum of 2 of 3: five triggered, each handler ran once, the third is told to stop", async () => {
  await world.conductor();
  await world.say(applied(), quorum);
  const held = await five();
  const run = await world.run();
  await world.until("all five work", () => held.length === 5);
  const roles = world.all("fetch.triggered").map(({ handler, role }) => `${handler ?? ""} ${role ?? ""}`);
  expect(roles.sort()).toEqual(["a primary", "b primary", "c primary", "s shadow", "t shadow"]);
  const one = (name: string) => held.find((each) => each.name === name);
  one("s")?.release();
  one("a")?.release();
  one("c")?.release();
  await world.until("the run ends", () => world.count("run.finished") === 1);
  expect(world.words(run).at(-1)).toBe("run.finished pass");
  await world.until("b is told", () => one("b")?.task.signal.aborted === true, 6_000);
  expect(one("b")?.task.signal.reason).toMatchObject({ message: "The answer is not needed any more" });
  one("t")?.release();
  await world.until("all have answered", () => world.count("fetch.finished") === 5);
  expect(held.map(({ name }) => name).sort()).toEqual([...handlers, ...shadows]);
  expect(world.count("dataset.published")).toBe(1);
});

test("A conductor that takes over in the middle counts the same answers and asks nobody twice", async () => {
  const first = await world.conductor();
  await world.say(applied(), quorum);
  const held = await five();
  await world.run();
  await world.until("all five work", () => held.length === 5);
  held.find(({ name }) => name === "a")?.release();
  await world.until("one has answered", () => world.count("fetch.finished") === 1);
  await first.stop();
  await world.conductor();
  held.find(({ name }) => name === "b")?.release();
  await world.until("the run ends", () => world.count("run.finished") === 1);
  expect(world.count("fetch.triggered")).toBe(5);
  expect(held).toHaveLength(5);
  held.forEach(({ release }) => release());
});

test("One of several that is still at work when its run is over is in nobody's way", async () => {
  await world.conductor();
  await world.say(applied(), quorum);
  const held = await five();
  await world.run();
  await world.until("all five work", () => held.length === 5);
  for (const { name, release } of held) if (name !== "b") release();
  await world.until("the run ends", () => world.count("run.finished") === 1);
  await world.run({ cache: false });
  await world.until("all five work again", () => held.length === 10);
  for (const { release } of held) release();
  await world.until("the second run ends", () => world.count("run.finished") === 2);
});
