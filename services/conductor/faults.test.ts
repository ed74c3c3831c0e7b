import { foldLog } from "@jackfield/lifecycle/fold-log";
import { registration } from "@jackfield/lifecycle/handlers";
import { inWords } from "@jackfield/lifecycle/story";
import { applied, builtInCatalogue, description, said } from "@jackfield/lifecycle/story-events";
import { Problem } from "@jackfield/problem/problem";
import pg from "pg";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { tableNames } from "./changed-rows.ts";
import { forEachStory } from "./story-place.ts";
import { step, steps, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const finished = (count: number) =>
  world.until("the runs finish", () => world.count("run.finished") >= count, 25_000);

/** Ids in the log that are there more than once. */
const doubled = (): string[] => {
  const ids = world.log.map(({ type, source, id }) => `${type} ${source} ${id}`);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
};

async function query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

type PlainTables = Record<string, Record<string, unknown>>;

/** The conductor's tables as they lie in the database. */
async function storedRows(): Promise<PlainTables> {
  const stored: PlainTables = {};
  for (const table of tableNames) {
    const pinned = table === "runs" ? "pinned" : "null::jsonb as pinned";
    const rows = await query<{ key: string; row: object; pinned: unknown }>(
      `select key, row, ${pinned} from ${table}`,
    );
    const whole = rows.map(({ key, row, pinned: pin }): [string, unknown] => [
      key,
      pin === null ? row : { ...row, pinned: pin },
    ]);
    stored[table] = Object.fromEntries(whole);
  }
  return stored;
}

/** What the log comes to by itself. */
function foldedRows(): unknown {
  const rows = foldLog(world.entries, builtInCatalogue);
  const plain: PlainTables = {};
  for (const table of tableNames) plain[table] = Object.fromEntries<unknown>([...rows[table]]);
  return JSON.parse(JSON.stringify(plain));
}

/** The connections of the conductor break, as when PostgreSQL is killed under it. */
const breakDatabase = () =>
  query(
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and usename = current_user",
  );

test("A conductor that loses its database again and again, in the middle of its work, loses and doubles nothing, and its tables are the fold of the log", async () => {
  await world.conductor();
  await world.weather();
  const runs = 20;
  for (let count = 0; count < runs; count += 1) {
    await world.run({ seed: count, cache: false });
    if (count % 4 === 0) await breakDatabase();
  }
  await finished(runs);
  expect(world.all("run.finished").map(inWords)).toEqual(Array<string>(runs).fill("run.finished pass"));
  for (const name of steps) {
    expect(world.count(`${name}.triggered`), name).toBe(runs);
    expect(world.count(`${name}.finished`), name).toBe(runs);
  }
  expect(doubled()).toEqual([]);
  await world.until("the outbox is empty", async () => (await query("select n from outbox")).length === 0);
  expect(await storedRows()).toEqual(foldedRows());
});

test("What was committed and not published when a conductor died is published by the next one", async () => {
  const mute = await world.mute();
  await world.say(applied());
  await world.run();
  await world.until("the request is folded", () => mute.conductor.outbox.size === 1);
  await mute.close();
  expect(await query("select n from outbox")).toHaveLength(1);
  expect(world.count("run.started")).toBe(0);
  await world.conductor();
  await world.weather();
  await finished(1);
  expect(world.count("run.started")).toBe(1);
  expect(doubled()).toEqual([]);
});

test("A conductor that was away goes on in the middle of a run, and a handler at work is not disturbed", async () => {
  const first = await world.conductor();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let stopped = false;
  const slow = step("split", async ({ signal }) => {
    signal.addEventListener("abort", () => (stopped = true));
    await held;
  });
  await world.weather([slow]);
  await world.run();
  await world.until("split works", () => world.count("split.started") === 1);
  await first.stop();
  release();
  await world.until("split is done", () => world.count("split.finished") === 1);
  expect(world.count("train.triggered")).toBe(0);
  await world.conductor();
  await finished(1);
  expect(world.all("run.finished").map(inWords)).toEqual(["run.finished pass"]);
  expect(stopped).toBe(false);
  expect(world.count("split.triggered")).toBe(1);
});

test("Of two conductors one is active; when it goes the other takes over", async () => {
  const first = await world.conductor();
  await world.weather();
  const standby = world.conductor();
  await world.run({ cache: false });
  await finished(1);
  await first.stop();
  await standby;
  await world.run({ cache: false });
  await finished(2);
  expect(doubled()).toEqual([]);
});

test("Of two conductors at one position only who took over last decides; the other leaves nothing behind", async () => {
  const first = await world.bare();
  await world.say(applied());
  await world.until("it is read", () => first.conductor.position?.sequence === 1);
  const second = await world.bare();
  expect(second.conductor.position).toEqual(first.conductor.position);
  const decide = async ({ conductor }: typeof first): Promise<void> => {
    const fact = registration(conductor.state, description("fetch", ["fetch"]), new Date().toISOString());
    await conductor.decideNow(() => (fact === undefined ? [] : [fact]));
  };
  await decide(first);
  expect(first.conductor.broken.aborted).toBe(true);
  expect(await query("select n from outbox")).toEqual([]);
  await first.close();
  await decide(second);
  await world.until("it is said", () => world.count("handler.registered") === 1);
  await world.until("and read back", async () => (await query("select n from outbox")).length === 0);
  await second.close();
});

test("A broker that is killed in the middle of runs loses and doubles nothing", async () => {
  await world.conductor();
  await world.weather();
  const runs = 10;
  for (let count = 0; count < runs; count += 1) await world.run({ seed: count, cache: false });
  await world.until("the runs are under way", () => world.count("split.finished") >= 2);
  await nats.kill();
  await nats.restart();
  await finished(runs);
  for (const name of steps) expect(world.count(`${name}.triggered`), name).toBe(runs);
  expect(world.all("run.finished").map(inWords)).toEqual(Array<string>(runs).fill("run.finished pass"));
});

test("Trouble is tried again, and the attempts follow each other", async () => {
  await world.conductor();
  let tries = 0;
  const shaky = step("fetch", async () => {
    tries += 1;
    if (tries < 3) throw new Problem("E_CRASHED", "It was killed.");
  });
  await world.weather([shaky]);
  const run = await world.run();
  await finished(1);
  expect(world.words(run).filter((word) => word.startsWith("fetch.triggered"))).toEqual([
    "fetch.triggered → fetch",
    "fetch.triggered → fetch #2",
    "fetch.triggered → fetch #3",
  ]);
});

test("A handler never has more tasks than workers", async () => {
  await world.conductor();
  let busy = 0;
  let most = 0;
  const work = step("fetch", async () => {
    busy += 1;
    most = Math.max(most, busy);
    await new Promise((resolve) => setTimeout(resolve, 15));
    busy -= 1;
  });
  await world.handler("fetch", [work], 2);
  await world.until("fetch is there", () => world.count("handler.registered") === 1);
  const request = (n: number) => said("fetch.requested", { data: { inputs: { source: { from: `/${n}` } } } });
  await world.say(...Array.from({ length: 30 }, (_, n) => request(n)));
  await finished(30);
  expect(most).toBe(2);
});

test("A decision that cannot be written on a quiet stream makes the conductor begin anew, though no event comes", async () => {
  await world.conductor();
  await world.say(applied());
  const stored = () => query<{ sequence: string }>("select sequence from position");
  await world.until("the project is folded", async () => Number((await stored())[0]?.sequence) === 1);
  await query("update position set sequence = 0");
  // Its registration is a decision that no event led to.
  await world.handler("fetch", [step("fetch")]);
  await world.until("fetch is there", () => world.count("handler.registered") === 1);
});
