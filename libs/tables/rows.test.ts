import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeTable, readRows, takeRows, writeRows } from "./rows.ts";

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-rows-"));
  path = join(folder, "table.parquet");
});
afterAll(() => rm(folder, { recursive: true }));

const columns = [
  { name: "count", type: "integer" },
  { name: "share", type: "number" },
  { name: "day", type: "date" },
  { name: "at", type: "timestamp" },
  { name: "wet", type: "boolean" },
  { name: 'the "sky"', type: "string" },
] as const;
const rows = [
  {
    __row_id: "a",
    count: 1,
    share: 0.1,
    day: "2012-01-01",
    at: "2012-01-01T05:00:00.25Z",
    wet: true,
    'the "sky"': "sun",
  },
  { __row_id: "b", count: -9007199254740991, share: 5, day: null, at: null, wet: false, 'the "sky"': "" },
  { __row_id: "c" },
];

test("rows come back as they were written, and the table says what it holds", async () => {
  const written = await writeRows(path, columns, rows);
  expect(await readRows(path)).toEqual([
    { ...rows[0], at: "2012-01-01T05:00:00.250000Z" },
    rows[1],
    { __row_id: "c", count: null, share: null, day: null, at: null, wet: null, 'the "sky"': null },
  ]);
  expect(written.columns.map((column) => column.nulls)).toEqual([1, 1, 2, 2, 1, 1]);
  expect(await describeTable(path)).toEqual(written);
  expect(await readRows(path, ["share", "__row_id"])).toEqual([
    { share: 0.1, __row_id: "a" },
    { share: 5, __row_id: "b" },
    { share: null, __row_id: "c" },
  ]);
});

test("integers beyond 2^53 keep every digit, as text", async () => {
  await writeRows(path, [{ name: "big", type: "integer" }], [{ __row_id: "a", big: 2n ** 62n }]);
  expect(await readRows(path, ["big"])).toEqual([{ big: "4611686018427387904" }]);
});

test("some rows and columns of a table keep its order; a row that is not there is named", async () => {
  await writeRows(path, columns, rows);
  const part = join(folder, "part.parquet");
  const taken = await takeRows(path, { rowIds: ["c", "a"], columns: ["share"] }, part);
  expect(taken).toEqual({ rows: 2, columns: [{ name: "share", type: "number", nulls: 1 }] });
  expect(await readRows(part)).toEqual([
    { __row_id: "a", share: 0.1 },
    { __row_id: "c", share: null },
  ]);
  await expect(takeRows(path, { rowIds: ["a", "z"] }, part)).rejects.toMatchObject({
    code: "E_ROWS_MISSING",
    message: "The table has no row 'z'.",
  });
  await expect(takeRows(path, { columns: ["shared"] }, part)).rejects.toMatchObject({
    next: "Did you mean share?",
  });
});

test("a table of no rows is a table", async () => {
  expect((await writeRows(path, columns, [])).rows).toBe(0);
  expect(await readRows(path)).toEqual([]);
});

test.each([
  [{ __row_id: "a", count: 1.5 }, "E_TYPE", "Column count holds integers, but row 1 has 1.5."],
  [{ __row_id: "a", share: "much" }, "E_TYPE", 'Column share holds numbers, but row 1 has "much".'],
  [{ __row_id: "a", wet: { a: 1 } }, "E_TYPE", 'Column wet holds booleans, but row 1 has {"a":1}.'],
  [{ __row_id: "a", day: "soon" }, "E_TYPE", "A date or timestamp is not one."],
  [{ count: 1 }, "E_BAD_OUTPUT", "Row 1 has no __row_id."],
])("the row %j is refused", async (row, code, message) => {
  await expect(writeRows(path, columns, [row])).rejects.toMatchObject({ code, message });
});

test("a file that is no Parquet is a clear problem", async () => {
  const other = join(folder, "other.parquet");
  await writeFile(other, "a,b\n1,2\n3,4\n");
  await expect(readRows(other)).rejects.toMatchObject({ code: "E_SOURCE" });
});
