import { askService } from "@jackfield/service/answer";
import type { Task } from "@jackfield/service/task";
import { longType } from "@jackfield/spec/event/type";
import * as ask from "@jackfield/spec/ask/conductor";
import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import { step, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const finished = (count = 1) => world.until("the run finishes", () => world.count("run.finished") >= count);

/** Works until it is told to stop. */
const untilStopped = ({ signal }: Task): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

/** Handlers of fetch that hold every task until the story lets them go. */
async function shadowing(...names: string[]): Promise<{ task: Task; release: () => void }[]> {
  const held: { task: Task; release: () => void }[] = [];
  const holds = step("fetch", async (task) => {
    const released = new Promise<void>((resolve) => held.push({ task, release: resolve }));
    await Promise.race([released, untilStopped(task)]);
  });
  for (const name of names) {
    await world.handler(name, [holds]);
    await isThere(name);
    const scope = { project: "weather", capability: "fetch", shadow: "add" as const };
    await askService(world.events, ask.bind, { ...scope, handler: name });
  }
  return held;
}

const isThere = (name: string) =>
  world.until(`${name} is there`, () =>
    world.all("handler.registered").some(({ subject }) => subject === name),
  );

async function rowOf(key: string): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ row: Record<string, unknown> }>(
      "select row from asks where key = $1",
      [key],
    );
    return rows[0]?.row;
  } finally {
    await client.end();
  }
}

test("A run ends without its shadow; what that answers later is recorded, also by the next conductor", async () => {
  const first = await world.conductor();
  await world.weather();
  const held = await shadowing("slow");
  const run = await world.run();
  await finished();
  expect(world.words(run).filter((word) => word.startsWith("fetch.triggered"))).toEqual([
    "fetch.triggered → fetch",
    "fetch.triggered → slow",
  ]);
  await world.until("the shadow works", () => held.length === 1);
  expect(held[0]?.task.role).toBe("shadow");
  await first.stop();
  await world.conductor();
  const said = world.log.length;
  held[0]?.release();
  const key = `${world.all("run.started")[0]?.run ?? ""}/fetch/slow`;
  await world.until("it is recorded", async () => (await rowOf(key))?.["status"] === "done");
  expect(await rowOf(key)).toMatchObject({ role: "shadow", outcome: "pass" });
  expect(world.log.slice(said).map(({ type, role }) => `${type} ${role ?? ""}`)).toEqual([
    `${longType("fetch.finished")} shadow`,
  ]);
});

test("An abort reaches a shadow at work, and one that waits is not asked any more", async () => {
  await world.conductor();
  await world.weather();
  const held = await shadowing("slow");
  await world.handler("stuck", [step("split", untilStopped)]);
  await isThere("stuck");
  await askService(world.events, ask.bind, { project: "weather", capability: "split", handler: "stuck" });
  await world.run();
  await world.until("the shadow works", () => held.length === 1);
  await world.until("split works", () => world.count("split.started") === 1);
  await askService(world.events, ask.abort, { run: "seattle-1" });
  await finished();
  await world.until("the shadow is told", () => held[0]?.task.signal.aborted === true, 6_000);
  // What the shadow says after that is late.
  const [ended] = world.all("fetch.finished").filter(({ role }) => role === "shadow");
  expect(ended).toMatchObject({ status: "aborted", source: "/jackfield/conductor" });
});

test("A binding shows its shadows; they come and go by name, and go back by undo", async () => {
  await world.conductor();
  await world.weather();
  await shadowing("a", "b");
  const scope = { project: "weather", capability: "fetch" };
  const shadows = async () => {
    const { bindings } = await askService(world.events, ask.bindings, { project: "weather" });
    return bindings.find(({ capability }) => capability === "fetch");
  };
  expect(await shadows()).toMatchObject({ handler: "fetch", shadows: ["a", "b"], from: "default" });
  const change = (handler: string | null, more: { shadow?: "add" | "remove"; undo?: boolean } = {}) =>
    askService(world.events, ask.bind, { ...scope, handler, ...more });
  await expect(change("a", { shadow: "add" })).rejects.toThrow("a shadows fetch already");
  await expect(change("c", { shadow: "add" })).rejects.toThrow("No handler c answers fetch");
  expect(await change("a", { shadow: "remove" })).toMatchObject({ handler: null, shadows: ["b"] });
  expect(await change("b")).toMatchObject({ handler: "b", shadows: [] });
  expect(await change(null, { undo: true })).toMatchObject({ handler: null, shadows: ["b"] });
  expect(await shadows()).toMatchObject({ handler: "fetch", shadows: ["b"] });
});
