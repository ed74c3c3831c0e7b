import type { LogEntry } from "@jackfield/events/log-entry";
import type { Database } from "@jackfield/postgres/database";
import { PositionLost } from "@jackfield/postgres/position";
import { dumpSchema } from "@jackfield/postgres/schema-dump";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase } from "../../test/bed/servers.ts";
import { bytesNamed, foreign, Life, logged, refusedAt } from "./fixture/life.ts";
import { contentOf, openTracker, trackerTemplate } from "./fixture/log-database.ts";
import { Fold } from "./fold.ts";

async function freshLog(): Promise<Database> {
  const bed = await freshDatabase(trackerTemplate);
  const database = await openTracker(bed.url);
  onTestFinished(async () => {
    await database.close();
    await bed.drop();
  });
  return database;
}

interface LogRow {
  sequence: number;
  id: string;
}
const logOf = async ({ pool }: Database): Promise<LogRow[]> =>
  (await pool.query<LogRow>("select sequence, id from events order by epoch, sequence")).rows;
const withheldOf = async ({ pool }: Database): Promise<[number, string][]> =>
  (await pool.query<{ sequence: number; why: string }>("select * from withheld order by sequence")).rows.map(
    ({ sequence, why }) => [sequence, why],
  );

/** What happens in a small project: two runs, one of them with a timeout, a late answer and a shadow; and strangers. */
function history(): LogEntry[] {
  const [one, two] = [new Life("seattle-1"), new Life("seattle-2")];
  const outputs = { model: bytesNamed("model", "model"), metrics: { accuracy: 0.9 } };
  const steps = (life: Life, more: { attempt?: number } = {}): CloudEvent[] => [
    life.task("train", "triggered", { data: { inputs: { data: bytesNamed("data") } }, ...more }),
    life.task("train", "started", more),
    life.task("train", "progressed", {
      id: `${life.run}/p/${more.attempt ?? 1}`,
      data: { fraction: 0.5 },
      ...more,
    }),
    life.task("train", "finished", { data: { outputs }, ...more }),
  ];
  const first = steps(one);
  const timeout = two.task("train", "finished", { source: "/jackfield/conductor", status: "timedout" });
  const events = [
    foreign("push-1", { data: { large: 9_007_199_254_740_993n } }),
    one.started(),
    ...first,
    two.started(),
    ...steps(two).slice(0, 2),
    timeout,
    ...steps(two, { attempt: 2 }),
    steps(two)[3]!,
    one.task("nowhere", "finished"),
    one.finished("pass", { accuracy: 0.9, f1: 0.8 }),
    two.fact("paused"),
    first[1]!,
    { ...first[3]!, result: "fail" as const },
    two.fact("resumed"),
    foreign("push-1", { data: { large: 9_007_199_254_740_993n }, time: "2026-01-01T00:00:00Z" }),
    two.finished("fail"),
  ];
  return [...logged(events), refusedAt(events.length + 1, Buffer.from([0, 255]))];
}

const inBatches = (entries: LogEntry[], size: () => number): LogEntry[][] => {
  const batches: LogEntry[][] = [];
  for (let at = 0; at < entries.length;) {
    const count = size();
    batches.push(entries.slice(at, at + count));
    at += count;
  }
  return batches;
};

test("every event is kept once and in order; repeats are not, and conflicts, unasked answers and junk are withheld", async () => {
  const database = await freshLog();
  const fold = await Fold.open(database);
  const entries = history();
  for (const batch of inBatches(entries, () => 4)) await fold.persist(batch);
  const log = await logOf(database);
  expect(log.map(({ sequence }) => sequence)).toEqual(
    [...log].map(({ sequence }) => sequence).sort((a, b) => a - b),
  );
  expect(await withheldOf(database)).toEqual([
    [16, "no-question"],
    [20, "conflict"],
    [24, "not-an-event"],
  ]);
  // Of 24 messages three are withheld and two are repeats.
  expect(log).toHaveLength(19);
  expect(fold.progress).toEqual({ position: { epoch: 1, sequence: 24 }, events: 19, withheld: 3 });
});

test("an answer in the words of another capability is withheld, and the true one behind it counts", async () => {
  const database = await freshLog();
  const life = new Life();
  const finished = life.task("train", "finished");
  const entries = logged([
    life.started(),
    life.task("train", "triggered"),
    { ...finished, type: longType("split.finished") },
    finished,
  ]);
  await (await Fold.open(database)).persist(entries);
  expect(await withheldOf(database)).toEqual([[3, "no-question"]]);
  expect((await contentOf(database))["attempts"]).toMatchObject([{ finished_sequence: 4 }]);
});

test("whatever the batches, the log and its projections come out the same", async () => {
  const whole = await freshLog();
  await (await Fold.open(whole)).persist(history());
  const expected = await contentOf(whole);
  expect(expected["runs"]).toMatchObject(
    [
      { runname: "seattle-1", state: "pass" },
      { runname: "seattle-2", state: "fail" },
    ].sort((a, b) => (new Life(a.runname).run < new Life(b.runname).run ? -1 : 1)),
  );
  expect(expected["late"]).toHaveLength(1);
  for (const seed of [1, 2, 3]) {
    const apart = await freshLog();
    let turn = seed;
    const sizes = (): number => 1 + ((turn = (turn * 48_271) % 2_147_483_647) % 4);
    for (const batch of inBatches(history(), sizes)) await (await Fold.open(apart)).persist(batch);
    expect(await contentOf(apart)).toEqual(expected);
  }
});

/** A pool that fails at its n-th statement, before or after PostgreSQL did it. */
const breaking = (database: Database, when: "before" | "after", n: number): Database => {
  let count = 0;
  const query = async (statement: { text: string }): Promise<unknown> => {
    const broken = (count += 1) === n;
    const lost = Object.assign(new Error("Connection terminated"), { code: "08006" });
    if (broken && when === "before") throw lost;
    const answer = await database.pool.query(statement);
    if (broken) throw lost;
    return answer;
  };
  const pool = new Proxy(database.pool, {
    get: (target, name): unknown => (name === "query" ? query : Reflect.get(target, name)),
  });
  return { ...database, pool };
};

const isComplete = async (database: Database): Promise<boolean> =>
  (await Fold.open(database)).progress.position.sequence === history().length;

async function persistUntilItDies(database: Database): Promise<void> {
  const fold = await Fold.open(database);
  const rest = history().slice(fold.progress.position.sequence);
  try {
    for (const batch of inBatches(rest, () => 3)) await fold.persist(batch);
  } catch (error) {
    expect(String(error)).toContain("Connection terminated");
  }
}

test.each(["before", "after"] as const)(
  "a process that dies %s a commit loses nothing and doubles nothing",
  async (when) => {
    const whole = await freshLog();
    await (await Fold.open(whole)).persist(history());
    const database = await freshLog();
    for (let life = 0; !(await isComplete(database)); life += 1)
      await persistUntilItDies(breaking(database, when, 3 + (life % 6)));
    expect(await contentOf(database)).toEqual(await contentOf(whole));
  },
);

test("of two processes that both believe they are active, one writes and the other is told", async () => {
  const database = await freshLog();
  const [active, other] = [await Fold.open(database), await Fold.open(database)];
  const entries = logged([foreign("1"), foreign("2"), foreign("3")]);
  await active.persist(entries.slice(0, 2));
  await expect(other.persist(entries.slice(0, 1))).rejects.toThrow(PositionLost);
  await expect(other.persist(entries.slice(2))).rejects.toThrow(PositionLost);
  await active.persist(entries.slice(2));
  expect(await logOf(database)).toHaveLength(3);
});

test("a batch with an event that cannot be written fails whole, and leaves the log where it was", async () => {
  const database = await freshLog();
  const fold = await Fold.open(database);
  // Longer than an index entry may be.
  const unwritable = Array.from({ length: 3_000 }, (_, n) =>
    String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000)),
  );
  const entries = logged([foreign("a"), foreign(unwritable.join("")), foreign("c")]);
  await expect(fold.persist(entries)).rejects.toThrow();
  expect(await logOf(database)).toEqual([]);
  await fold.persist([entries[0]!, entries[2]!]);
  expect(await logOf(database)).toHaveLength(2);
});

test("the committed schema is the one that the migrations make", async () => {
  await using bed = await freshDatabase(trackerTemplate);
  await expect(await dumpSchema(bed.url, "tracker")).toMatchFileSnapshot("./migrations/schema.sql");
});
