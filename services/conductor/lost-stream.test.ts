import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { streamState } from "@jackfield/events/stream";
import { inWords } from "@jackfield/lifecycle/story";
import { askService } from "@jackfield/service/answer";
import { position } from "@jackfield/spec/ask/tracker";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { findLost } from "../../deploy/restore-stream.ts";
import { tracker } from "../tracker/main.ts";
import { tableNames } from "./changed-rows.ts";
import { startBeside } from "./story-beside.ts";
import { step, steps, World } from "./story-world.ts";

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
  return { held, release, split: step("split", () => held) };
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

/** What the conductor knows, table by table, without what only its process knows. */
async function conductorRows(): Promise<unknown> {
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  const rows: Record<string, unknown> = {};
  for (const table of tableNames)
    rows[table] = (await client.query(`select key, row from ${table} order by key`)).rows;
  await client.end();
  return rows;
}

/** Deletes the stream, and waits until the tracker has made another one, in its own epoch, and all have read it. */
async function loseStream(): Promise<void> {
  const { epoch } = (await streamState(world.events))!;
  await world.until("another second", () => Date.now() > (epoch + 1) * 1_000);
  await world.events.manager.streams.delete(world.events.stream);
  await world.until("the incident is told", () => world.count("incident.detected") === 1);
  await untilFolded();
}

/** The conductor and the tracker have read what the stream holds. */
async function untilFolded(): Promise<void> {
  const { epoch, last } = (await streamState(world.events))!;
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  const text = "select from position where epoch = $1 and sequence >= $2";
  await world.until("all is folded", async () => (await client.query(text, [epoch, last])).rowCount === 1);
  await client.end();
  await askService(world.events, position, { after: `${epoch}-${last}` });
}

/** Every handler has its consumer again, and has dealt with all that lies in it. */
const untilHandled = (): Promise<void> =>
  world.until("the handlers have seen what there is", async () => {
    const consumers = await world.events.manager.consumers.list(world.events.stream).next();
    const durable = consumers.filter(({ config }) => config.durable_name !== undefined);
    return (
      durable.length === steps.length && durable.every((one) => one.num_pending + one.num_ack_pending === 0)
    );
  });

test("A lost stream is rebuilt from the tracker's log: nothing is folded, kept or worked on twice, and runs in flight go on", async () => {
  await world.conductor();
  const worked: string[] = [];
  const { held, release } = heldSplit();
  const counted = steps.map((name) =>
    step(name, async ({ id, attempt }) => {
      worked.push(`${id} ${attempt}`);
      if (name === "split" && worked.length > steps.length) await held;
    }),
  );
  await world.weather(counted);
  await world.run({ seed: 1, cache: false });
  await world.until("the first run finishes", () => world.count("run.finished") === 1);
  await world.run({ seed: 2, cache: false });
  await world.until("the second works on its split", () => world.count("split.started") === 2);
  const before = world.log.length;
  await loseStream();
  await untilHandled();
  const rows = await conductorRows();
  const kept = await askService(world.events, position, {});
  const lost = await findLost(world.events);
  expect(lost).toMatchObject({ count: before, left: 0 });
  expect(await lost.putBack()).toBe(before);
  await untilFolded();
  await untilHandled();
  expect(await conductorRows()).toEqual(rows);
  expect(await askService(world.events, position, {})).toMatchObject({
    events: kept.events,
    withheld: kept.withheld,
  });
  expect(await findLost(world.events)).toMatchObject({ count: 0 });
  release();
  await world.until("the second run finishes", () => outcomes().length === 3);
  expect(worked).toHaveLength(2 * steps.length);
  expect(new Set(worked).size).toBe(worked.length);
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
