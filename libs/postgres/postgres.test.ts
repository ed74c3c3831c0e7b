import pg from "pg";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Problem } from "@jackfield/problem/problem";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { freshDatabase, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { openPostgres, type Database } from "./database.ts";
import { holdLock } from "./lock.ts";
import { lockKey } from "./lock-key.ts";
import { migrate } from "./migrate.ts";
import { isOutage } from "./outage.ts";
import { movePosition, PositionLost, readPosition, type PositionTables } from "./position.ts";
import { prepareDatabase } from "./prepare.ts";
import { dumpSchema } from "./schema-dump.ts";

const positionTable = `create table position (
  singleton boolean primary key default true check (singleton), epoch bigint not null, sequence bigint not null);`;

let bed: TestDatabase;
beforeAll(async () => {
  bed = await freshDatabase();
});
afterAll(() => bed.drop());

async function folderWith(files: Record<string, string>): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-migrations-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return pathToFileURL(`${folder}/`);
}

async function open(schema: string, url = bed.url): Promise<Database> {
  const database = await openPostgres({ url, schema, applicationName: "test" });
  onTestFinished(() => database.close());
  return database;
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );

test("a server that does not answer is E_STORE_DOWN, which waits, and its password is not told", async () => {
  const url = "postgres://someone:secret@127.0.0.1:1/jackfield";
  const error: unknown = await openPostgres({ url, schema: "one", applicationName: "test" }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Problem);
  expect(JSON.stringify(error) + String(error)).not.toContain("secret");
  expect(isOutage(error)).toBe(true);
  expect(isOutage(new Error("duplicate key"))).toBe(false);
});

test("a connection that the administrator ends is an outage, and the pool goes on with a new one", async () => {
  const { pool } = await open("public");
  const asked = pool
    .query("select pg_terminate_backend(pg_backend_pid())")
    .catch((thrown: unknown) => thrown);
  expect(isOutage(await asked)).toBe(true);
  expect((await pool.query("select 1")).rowCount).toBe(1);
});

test("64-bit integers are numbers, and one that would be rounded is refused", async () => {
  const { pool } = await open("public");
  expect((await pool.query("select 9007199254740991::int8 as n")).rows).toEqual([{ n: 9007199254740991 }]);
  await expect(pool.query("select 9007199254740993::int8 as n")).rejects.toThrow("without loss");
});

test("migrations are applied once and in order, also by two at the same time", async () => {
  const folder = await folderWith({
    "000001.sql": "create table seen (n int); insert into seen values (1);",
    "000002.sql": "insert into seen values (2);",
    "notes.txt": "not a migration",
  });
  const applied = await Promise.all([1, 2].map(() => migrate({ url: bed.url, schema: "twice", folder })));
  expect(applied.flat()).toEqual(["000001.sql", "000002.sql"]);
  const { pool } = await open("twice");
  expect((await pool.query("select n from seen order by n")).rows).toEqual([{ n: 1 }, { n: 2 }]);
});

test("the first migration that fails stops the rest and leaves nothing of itself", async () => {
  const folder = await folderWith({
    "000001.sql": "create table kept (n int);",
    "000002.sql": "create table gone (n int); select * from nowhere;",
    "000003.sql": "create table never (n int);",
  });
  expect(await codeOf(migrate({ url: bed.url, schema: "stops", folder }))).toBe("E_MIGRATION");
  expect(await dumpSchema(bed.url, "stops")).toBe("create table kept (\n  n integer\n);\n");
});

test("a migration that was changed after it was applied, and a schema newer than the program, are refused", async () => {
  const first = { "000001.sql": "create table a (n int);" };
  const both = { ...first, "000002.sql": "create table b (n int);" };
  const changed = { ...both, "000001.sql": "create table c (n int);" };
  await migrate({ url: bed.url, schema: "changed", folder: await folderWith(both) });
  for (const files of [changed, first, { "000002.sql": "" }])
    expect(await codeOf(migrate({ url: bed.url, schema: "changed", folder: await folderWith(files) }))).toBe(
      "E_MIGRATION",
    );
});

test("a schema dump shows columns, constraints, indexes and functions, and no schema name", async () => {
  const folder = await folderWith({
    "000001.sql": `create table parts (id bigint generated always as identity primary key, name text not null default 'x' unique)
      with (fillfactor = 80); create index parts_by_length on parts (length(name)) where name <> '';
      create function one() returns int language sql return 1;`,
  });
  await migrate({ url: bed.url, schema: "shown", folder });
  expect(await dumpSchema(bed.url, "shown")).toMatchInlineSnapshot(`
    "create table parts (
      id bigint not null generated as identity,
      name text not null default 'x'::text,
      constraint parts_pkey PRIMARY KEY (id),
      constraint parts_name_key UNIQUE (name)
    ) with (fillfactor=80);
    CREATE INDEX parts_by_length ON parts USING btree (length(name)) WHERE name <> ''::text;

    CREATE OR REPLACE FUNCTION one()
     RETURNS integer
     LANGUAGE sql
    RETURN 1
    ;
    "
  `);
});

test("a service reaches its own schema and no other, and preparing may be repeated and raced", async () => {
  const prepare = () => prepareDatabase({ adminUrl: bed.url, services: ["alpha", "beta"] });
  const other = await freshDatabase();
  onTestFinished(() => other.drop());
  const elsewhere = prepareDatabase({ adminUrl: other.url, services: ["alpha", "beta"] });
  const [urls] = await Promise.all([prepare(), prepare(), elsewhere]);
  const folder = await folderWith({
    "000001.sql": "create table kept (n int); insert into kept values (7);",
  });
  await migrate({ url: urls["alpha"]!, schema: "alpha", folder });
  const mine = await open("alpha", urls["alpha"]);
  const theirs = await open("beta", urls["beta"]);
  expect((await mine.pool.query("select n from kept")).rows).toEqual([{ n: 7 }]);
  await expect(theirs.pool.query("select n from alpha.kept")).rejects.toThrow(
    "permission denied for schema alpha",
  );
  await expect(theirs.pool.query("set role alpha")).rejects.toThrow("permission denied");
  await expect(theirs.pool.query("create table public.x (n int)")).rejects.toThrow("permission denied");
});

test("a lock has one holder; the next gets it when the first lets go, and a broken connection is told", async () => {
  const database = await open("public");
  const first = await holdLock(database, "active");
  const waiting = holdLock(database, "active");
  const impatient = AbortSignal.timeout(50);
  await expect(holdLock(database, "active", { signal: impatient })).rejects.toThrow("due to timeout");
  await first.release();
  const second = await waiting;
  const { pool } = database;
  await pool.query("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted");
  await second.lost;
  await using third = await holdLock(database, "active");
  expect(third).toBeDefined();
  await until("the lock to have one holder and nobody waiting", async () => {
    const { rows } = await pool.query("select granted from pg_locks where locktype = 'advisory'");
    return rows.length === 1;
  });
});

test("a holder that shows no sign of life is ended by who waits; one that does keeps its lock", async () => {
  const database = await open("public");
  const stopped = new pg.Client({ connectionString: bed.url });
  const ended = new Promise((resolve) => stopped.on("error", resolve));
  await stopped.connect();
  await stopped.query("select pg_advisory_lock($1)", [lockKey("public", "stopped")]);
  await using living = await holdLock(database, "living");
  const inVain = holdLock(database, "living", { signal: AbortSignal.timeout(9_000) });
  await using next = await holdLock(database, "stopped");
  await ended;
  expect(next.isFresh()).toBe(true);
  await expect(inVain).rejects.toThrow("due to timeout");
  expect(living.isFresh()).toBe(true);
  // As long as a process is stopped, so is its clock of signs.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_100);
  expect(living.isFresh()).toBe(false);
  await until("it shows signs again", () => living.isFresh());
});

test("the position moves only from where this process left it", async () => {
  const folder = await folderWith({ "000001.sql": positionTable });
  await migrate({ url: bed.url, schema: "reader", folder });
  const db = (await open("reader")).kysely.withTables<PositionTables>();
  const move = (...[from, to]: [number | undefined, number]): Promise<void> =>
    db.transaction().execute(async (tx) => {
      await movePosition(tx, from === undefined ? undefined : { epoch: 1, sequence: from }, {
        epoch: 1,
        sequence: to,
      });
      await sql`select 1`.execute(tx);
    });
  expect(await readPosition(db)).toBeUndefined();
  await move(undefined, 5);
  await expect(move(undefined, 9)).rejects.toThrow(PositionLost);
  await move(5, 9);
  await expect(move(5, 10)).rejects.toThrow(PositionLost);
  expect(await readPosition(db)).toEqual({ epoch: 1, sequence: 9 });
});
