import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importTable, type ImportRule } from "./import-table.ts";
import { readRows, writeCsv } from "./rows.ts";
import type { Format } from "./source.ts";
import type { Row } from "./duck.ts";
import type { Written } from "./write-parquet.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-import-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
const newPath = (end: string): string => join(folder, `file [${(files += 1)}]*.${end}`);

type Imported = Written & { path: string; digest: string; table: Row[] };

async function imported(
  content: string | Uint8Array,
  rule: ImportRule = {},
  format: Format = "csv",
): Promise<Imported> {
  const path = newPath(format);
  await writeFile(path, content);
  const to = newPath("parquet");
  const written = await importTable({ path, called: "days.csv", format }, rule, to);
  const digest = createHash("sha256")
    .update(await readFile(to))
    .digest("hex");
  return { ...written, path: to, digest, table: await readRows(to) };
}

const ids = (table: Row[]): unknown[] => table.map((row) => row["__row_id"]);
const days = "day,rain,sky\n2012-01-01,0,sun\n2012-01-02,10.9,rain\n2012-01-03,,rain\n";

describe("reading a source", () => {
  test("types are those that every value has; empty values are counted", async () => {
    const { rows, columns } = await imported(
      "d,t,i,n,b,code,long,mixed,none\n" +
        "2012-01-01,2012-01-01T05:00:00+02:00,-7,1e3,true,007,12345678901234567890,1,\n" +
        "2012-12-31,2012-01-02 06:30,12,nan,false,12,1,x,\n",
    );
    expect(rows).toBe(2);
    expect(columns.map(({ name, type, nulls }) => `${name} ${type} ${nulls}`)).toEqual([
      "d date 0",
      "t timestamp 0",
      "i integer 0",
      "n number 1",
      "b boolean 0",
      "code string 0",
      "long string 0",
      "mixed string 0",
      "none string 2",
    ]);
  });

  test("values are plain ones of JavaScript, and the CSV twin holds the same", async () => {
    const { path, table } = await imported('t,n,b,s\n2012-01-01T05:00:00+02:00,5.0,yes,"a, ""b"""\n,,,\n', {
      columns: { b: "boolean" },
    });
    expect(table).toEqual([
      { __row_id: expect.any(String) as string, t: "2012-01-01T03:00:00Z", n: 5, b: true, s: 'a, "b"' },
      { __row_id: expect.any(String) as string, t: null, n: null, b: null, s: null },
    ]);
    const twin = newPath("csv");
    await writeCsv(path, twin);
    const again = await imported(await readFile(twin), { key: ["__row_id"] });
    expect(again.table).toEqual(table);
  });

  test.each([
    ["semicolons", "a;b\n1,5;x\n", { a: "1,5", b: "x" }],
    ["tabs and Windows line ends", "a\tb\r\n1\tx\r\n", { a: 1, b: "x" }],
    ["a byte order mark and quoted names", '\ufeff"a","b, c"\n1,x\n', { a: 1, "b, c": "x" }],
    ["a name left out, as index columns have it", ",a\n0,x\n", { column_1: 0, a: "x" }],
  ])("CSV with %s is understood", async (_, content, row) => {
    expect((await imported(content)).table[0]).toMatchObject(row);
  });

  test("JSON, as a list or line by line, and Parquet bring their own types", async () => {
    const list = '[{"a":1,"b":"2012-01-01","c":{"d":[1]}},{"a":2.5,"c":null,"e":true}]';
    const expected = [
      { a: 1, b: "2012-01-01", c: '{"d":[1]}', e: null },
      { a: 2.5, b: null, c: null, e: true },
    ];
    const fromList = await imported(list, {}, "json");
    expect(fromList.table).toMatchObject(expected);
    expect((await imported('{"a":1}\n{"a":2}\n', {}, "json")).table).toMatchObject([{ a: 1 }, { a: 2 }]);
    const fromParquet = await imported(await readFile(fromList.path), { key: ["__row_id"] }, "parquet");
    expect(fromParquet.table).toEqual(fromList.table);
  });
});

describe("the identity of rows", () => {
  test("equal content has equal ids in any order of rows and columns, and twins are counted", async () => {
    const one = await imported("a,b\n1,x\n2,y\n1,x\n");
    const other = await imported("b,a\ny,2\nx,1\nx,1.0\n");
    expect(new Set(ids(one.table)).size).toBe(3);
    expect(ids(other.table).toSorted()).toEqual(ids(one.table).toSorted());
  });

  test("a filter, a limit and a wider type leave the ids as they are", async () => {
    const all = ids((await imported(days)).table);
    expect(ids((await imported(days, { where: "sky = 'rain'" })).table)).toEqual(all.slice(1));
    expect(ids((await imported(days, { columns: { day: "string" }, limit: 1 })).table)).toEqual(
      all.slice(0, 1),
    );
  });

  test("values that stand side by side do not run together", async () => {
    expect(new Set(ids((await imported("a,b\n1,11\n11,1\n,111\n111,\n")).table)).size).toBe(4);
    expect(ids((await imported("a,b\nx|y,z\nx,y|z\n", { key: ["a", "b"] })).table)).toEqual([
      "x\\|y|z",
      "x|y\\|z",
    ]);
  });

  test("a declared key is the id; one that is empty or names several rows is refused with examples", async () => {
    expect(ids((await imported(days, { key: ["day"] })).table)).toEqual([
      "2012-01-01",
      "2012-01-02",
      "2012-01-03",
    ]);
    await expect(imported(days, { key: ["sky"] })).rejects.toMatchObject({
      code: "E_DUPLICATE_KEY",
      why: "'rain' names 2 rows",
    });
    await expect(imported(days, { key: ["rain"] })).rejects.toMatchObject({ why: "The first is row 3." });
    await expect(imported("__row_id,a\nx,1\n")).rejects.toMatchObject({ code: "E_SOURCE" });
  });
});

describe("the written table", () => {
  test("the same content gives the same bytes, from another file and format too", async () => {
    const first = await imported(days);
    expect((await imported(days.replaceAll("\n", "\r\n"))).digest).toBe(first.digest);
    const json = JSON.stringify(
      first.table.map(({ __row_id, ...row }) => (expect(__row_id).toBeDefined(), row)),
    );
    expect((await imported(json, {}, "json")).digest).toBe(first.digest);
    expect((await imported(days.replace("10.9", "10.8"))).digest).not.toBe(first.digest);
  });

  test("many rows over several row groups give the same bytes, in the order of the source", async () => {
    const lines = Array.from({ length: 150_000 }, (_, index) => `${index},${(index * 7919) % 1000}`);
    const content = `a,b\n${lines.join("\n")}\n`;
    const first = await imported(content);
    expect((await imported(content)).digest).toBe(first.digest);
    expect(first.table.every((row, index) => row["a"] === index)).toBe(true);
  });

  test("rows are sorted with empty values last and ties in the order of the source, then limited", async () => {
    const sorted = async (...sort: string[]): Promise<unknown[]> =>
      (await imported(days, { sort, limit: 2 })).table.map((row) => row["day"]);
    expect(await sorted("-rain")).toEqual(["2012-01-02", "2012-01-01"]);
    expect(await sorted("sky")).toEqual(["2012-01-02", "2012-01-03"]);
    await expect(sorted("-rian")).rejects.toMatchObject({ code: "E_NO_COLUMN", next: "Did you mean rain?" });
  });
});
