import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { streamState } from "@jackfield/events/stream";
import { inWords } from "@jackfield/lifecycle/story";
import { askService } from "@jackfield/service/answer";
import { position } from "@jackfield/spec/ask/tracker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { tracker } from "../tracker/main.ts";
import { startBeside } from "./story-beside.ts";
import { step, World } from "./story-world.ts";

const nats = natsForThisFile();
let folder: string;
let database: TestDatabase;
let world: World;
let stopTracker: () => Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-conductor-"));
  database = await freshDatabase();
  const place = { natsUrl: nats.url, adminUrl: database.url, prefix: prefix() };
  world = await World.open({ ...place, artifactsUrl: pathToFileURL(folder).href });
  stopTracker = await startBeside(world, tracker);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await stopTracker();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const outcomes = () => world.all("run.finished").map(inWords);

/** Split works until it is released. */
function heldSplit() {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  return { release, split: step("split", () => held) };
}

test("A stream that is deleted in the middle of runs is made anew, and the runs finish, each task given out once", async () => {
  await world.conductor();
  const { split, release } = heldSplit();
  await world.weather([split]);
  for (const seed of [1, 2, 3]) await world.run({ seed, cache: false });
  await world.until("all work on their split", () => world.count("split.started") === 3);
  const { epoch } = (await streamState(world.events))!;
  await world.until("another second", () => Date.now() > (epoch + 1) * 1_000);
  await world.events.manager.streams.delete(world.events.stream);
  release();
  await world.until("the runs finish", () => world.count("run.finished") === 3, 25_000);
  expect(outcomes()).toEqual(Array<string>(3).fill("run.finished pass"));
  for (const name of ["fetch", "split", "train", "evaluate"])
    expect(world.count(`${name}.triggered`), name).toBe(3);
  expect(world.count("incident.detected")).toBe(1);
});

test("A conductor that was away while the stream was trimmed folds what it missed from the tracker's log", async () => {
  const first = await world.conductor();
  await world.weather();
  await world.run({ seed: 1, cache: false });
  await world.until("the first run finishes", () => world.count("run.finished") === 1);
  await first.stop();
  await world.run({ seed: 2, cache: false });
  await world.run({ seed: 3, cache: false });
  const { epoch, last } = (await streamState(world.events))!;
  await askService(world.events, position, { after: `${epoch}-${last}` });
  await world.events.manager.streams.purge(world.events.stream, { seq: last + 1 });
  await world.conductor();
  await world.until("all finish", () => world.count("run.finished") === 3, 25_000);
  expect(outcomes()).toEqual(Array<string>(3).fill("run.finished pass"));
});
