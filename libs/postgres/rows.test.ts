import { expect, onTestFinished, test } from "vitest";
import { freshDatabase } from "../../test/bed/servers.ts";
import { openPostgres, type Database } from "./database.ts";
import {
  boolean,
  bytea,
  float8,
  inOneStatement,
  insertInto,
  int8,
  text,
  timestamptz,
  type Write,
} from "./rows.ts";

async function withTables(definition: string): Promise<Database> {
  const bed = await freshDatabase();
  const database = await openPostgres({ url: bed.url, schema: "public", applicationName: "test" });
  onTestFinished(async () => {
    await database.close();
    await bed.drop();
  });
  await database.pool.query(definition);
  return database;
}

interface Row {
  words: string | undefined;
  count: number | undefined;
  share: number;
  at: number;
  yes: boolean;
  bytes: Uint8Array;
}

const insertRows = insertInto<Row>("kept", {
  words: text,
  count: int8,
  share: float8,
  at: timestamptz,
  yes: boolean,
  bytes: bytea,
});

test("rows in binary form come back as they were sent", async () => {
  const { pool } = await withTables(
    "create table kept (words text, count int8, share float8, at timestamptz, yes boolean, bytes bytea)",
  );
  const bytes = Buffer.from([0, 255]);
  const rows: Row[] = [
    {
      words: 'quote " backslash \\ {1,2} ☂ 🌧 é',
      count: 9_007_199_254_740_991,
      share: -0.1,
      at: 1,
      yes: true,
      bytes,
    },
    {
      words: "",
      count: -4_294_967_297,
      share: 1e300,
      at: Date.UTC(1999, 11, 31),
      yes: false,
      bytes: Buffer.alloc(0),
    },
    {
      words: undefined,
      count: undefined,
      share: 0,
      at: Date.UTC(2026, 0, 1, 0, 0, 0, 123),
      yes: true,
      bytes,
    },
  ];
  await pool.query(inOneStatement([insertRows(rows)], "select 1"));
  const { rows: read } = await pool.query<Record<string, unknown>>("select * from kept");
  expect(read).toEqual(
    rows.map(({ words = null, count = null, at, ...row }) => ({ ...row, words, count, at: new Date(at) })),
  );
});

test("several writes are one statement: when its end fails, none of them happened", async () => {
  const { pool } = await withTables("create table a (n int8); create table b (n int8)");
  const insert = (table: string): Write => insertInto<{ n: number }>(table, { n: int8 })([{ n: 1 }]);
  const both = [insert("a"), insert("b")];
  await expect(pool.query(inOneStatement(both, "select 1 / 0"))).rejects.toThrow("division by zero");
  await pool.query(inOneStatement(both, "select 1 as done"));
  const { rows } = await pool.query("select (select count(*) from a) as a, (select count(*) from b) as b");
  expect(rows).toEqual([{ a: 1, b: 1 }]);
});
