import { hashState } from "@jackfield/postgres/state-hash";
import { openShadow } from "@jackfield/postgres/shadow";
import { openPostgres } from "@jackfield/postgres/database";
import { foldLog } from "@jackfield/lifecycle/fold-log";
import { inWords } from "@jackfield/lifecycle/story";
import { applied, builtInCatalogue, weatherConfiguration } from "@jackfield/lifecycle/story-events";
import type { Entry } from "@jackfield/lifecycle/state";
import { askService } from "@jackfield/service/answer";
import { readerQuestions, type RebuildReport } from "@jackfield/spec/ask/reader";
import { comparePositions, parsePosition } from "@jackfield/spec/event/position";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { tracker } from "../tracker/main.ts";
import { hashOfRows, rebuildRows, RowsFold } from "./rebuild.ts";
import { startBeside } from "./story-beside.ts";
import { makePlace } from "./story-place.ts";
import { World } from "./story-world.ts";

const nats = natsForThisFile();

async function freshWorld(): Promise<World> {
  const place = await makePlace({ natsUrl: nats.url, database: await freshDatabase(), prefix: prefix() });
  const world = await World.open(place);
  const stop = await startBeside(world, tracker);
  await world.conductor();
  await world.weather();
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await stop();
    await place.clear();
  });
  return world;
}

async function rebuilt(world: World, reader: string, replace = false): Promise<RebuildReport> {
  const { rebuild } = readerQuestions(reader);
  let report = await askService(world.events, rebuild, { replace }, { timeoutMs: 12_000 });
  while (report.state === "running")
    report = await askService(world.events, rebuild, { job: report.job }, { timeoutMs: 12_000 });
  expect(report.problem).toBeUndefined();
  return report;
}

/** The hash of what the log comes to up to a position, in memory, without what the conductor parked there. */
function pureHash(world: World, position: string, parked: ReadonlySet<string> = new Set()): string {
  const end = parsePosition(position);
  const upTo = (entry: Entry): boolean => comparePositions(entry.position, end) <= 0;
  const entries = world.entries.filter((entry) => upTo(entry) && !parked.has(entry.event.id));
  return hashOfRows(foldLog(entries, builtInCatalogue)).hash;
}

async function query(world: World, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

test("in the middle of runs the live state, the one made anew and the fold of the log in memory are the same", async () => {
  const world = await freshWorld();
  const seattle = {
    ...weatherConfiguration,
    train: { ...weatherConfiguration.train, command: "node \u0000" },
  };
  const poison = applied({ subprojects: { seattle } }, 2);
  const runs = 12;
  const positions = new Set<string>();
  for (let count = 0; count < runs; count += 1) {
    await world.run({ seed: count, cache: count % 3 === 0 });
    if (count === 4) await world.say(poison);
    if (count % 4 !== 0) continue;
    for (const reader of ["conductor", "tracker"]) {
      const report = await rebuilt(world, reader);
      expect({ reader, ...report.live }).toEqual({ reader, ...report.rebuilt });
      if (reader !== "conductor") continue;
      positions.add(report.position ?? "");
      await world.until(
        "this story has read as far",
        () => comparePositions(world.entries.at(-1)!.position, parsePosition(report.position!)) >= 0,
      );
      expect(report.live?.hash).toBe(pureHash(world, report.position ?? "", new Set([poison.id])));
    }
  }
  expect(positions.size).toBe(3);
  await world.until("the runs finish", () => world.count("run.finished") >= runs, 25_000);
  expect(await rebuilt(world, "conductor")).toMatchObject({ same: true, state: "done" });
  expect((await rebuilt(world, "tracker")).live?.tables["attempts"]?.rows).toBe(
    world.count("fetch.triggered") * 4,
  );
});

test("a state that went wrong is found, named and replaced, and the conductor goes on from there", async () => {
  const world = await freshWorld();
  for (const seed of [1, 2]) await world.run({ seed, cache: false });
  await world.until("the runs finish", () => world.count("run.finished") === 2);
  await query(world, "update names set row = jsonb_set(row, '{count}', '40'); delete from tasks");
  const found = await rebuilt(world, "conductor");
  const differing = Object.keys(found.live?.tables ?? {}).filter(
    (table) => found.live?.tables[table]?.hash !== found.rebuilt?.tables[table]?.hash,
  );
  expect(differing).toEqual(["tasks", "names"]);
  expect(await rebuilt(world, "conductor", true)).toMatchObject({ replace: true, same: false });
  expect(await rebuilt(world, "conductor")).toMatchObject({ same: true });
  await world.run({ cache: false });
  await world.until("the next run finishes", () => world.count("run.finished") === 3);
  expect(world.all("run.finished").map(inWords)).toEqual(Array<string>(3).fill("run.finished pass"));
  expect(world.all("run.finished").at(-1)?.runname).toBe("seattle-3");
  expect(world.count("handler.lost")).toBe(0);
});

test("beyond the rows that memory holds the fold goes on with those of active runs, and comes to the same", async () => {
  const world = await freshWorld();
  for (const seed of [1, 2, 3]) await world.run({ seed });
  await world.until("the runs finish", () => world.count("run.finished") === 3);
  await using database = await openPostgres({
    url: world.databaseUrl,
    schema: "conductor",
    applicationName: "test",
  });
  const { tables, besides } = rebuildRows(builtInCatalogue, async (work) => work());
  await using shadow = await openShadow(database, Object.keys(tables), besides);
  const fold = new RowsFold(shadow.pool, builtInCatalogue, 10);
  for (let from = 0; from < world.entries.length; from += 7) {
    const batch = world.entries.slice(from, from + 7);
    await fold.onBatch(batch.map((entry) => ({ ...entry, subject: "", storedMs: 0, digest: "" })));
  }
  const { hash } = await hashState(shadow.pool, tables);
  expect(hash).toBe(hashOfRows(foldLog(world.entries, builtInCatalogue)).hash);
  // What was decided and not read back is no fold of the log.
  await query(world, "insert into outbox values (1000000, '{}')");
  await shadow.replace(async () => undefined);
  expect((await database.pool.query("select n from outbox")).rows).toEqual([{ n: 1_000_000 }]);
});
