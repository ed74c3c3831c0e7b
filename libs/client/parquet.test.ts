import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Column } from "@jackfield/spec/event/artifact";
import { csvRows, parseCsv, printCsv } from "./csv.ts";
import { joinRows } from "./flipped-rows.ts";
import { readPredictions } from "./handle/predictions.ts";
import { csvOf, readParquet, writeParquet } from "./parquet.ts";

test("CSV with quotes, line breaks, empty cells and a missing last line break is read as written", () => {
  expect(parseCsv('a,b\r\n"x ""y""\nz",\n,1')).toEqual([
    ["a", "b"],
    ['x "y"\nz', ""],
    ["", "1"],
  ]);
  expect(parseCsv(printCsv(["a", "b"], [['"q", r', "s"]]).replace('"q", r', '"""q"", r"'))).toHaveLength(2);
  expect(() => csvRows("a,b\n1\n")).toThrow("line 2 has 1 cells, the head has 2");
});

const columns: Column[] = [
  { name: "__row_id", type: "string" },
  { name: "day", type: "date" },
  { name: "count", type: "integer" },
  { name: "share", type: "number" },
  { name: "dry", type: "boolean" },
];
const rows = [
  { __row_id: "a", day: new Date("2015-01-01T00:00:00Z"), count: 3, share: 0.25, dry: true },
  { __row_id: "b,1", day: null, count: null, share: null, dry: null },
];

test("A table that is written is read back the same, and its CSV twin says what is missing by nothing", async () => {
  expect(await readParquet(writeParquet(columns, rows))).toEqual(rows);
  expect(csvOf(columns, rows)).toBe('__row_id,day,count,share,dry\na,2015-01-01,3,0.25,true\n"b,1",,,,\n');
});

async function predictions(text: string, testIds: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-predictions-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "predictions.csv"), text);
  return readPredictions({ csv: join(folder, "predictions.csv") }, testIds);
}

test("Predictions come in the order of the test rows, with numbers where all are", async () => {
  const table = await predictions("__row_id,prediction,p_sun\nb,sun,0.7\na,rain,0.2\n", ["a", "b"]);
  expect(await readParquet(table.bytes)).toEqual([
    { __row_id: "a", prediction: "rain", p_sun: 0.2 },
    { __row_id: "b", prediction: "sun", p_sun: 0.7 },
  ]);
  expect(table.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    "prediction string",
    "p_sun number",
  ]);
});

test.each([
  ["__row_id,prediction\na,1\n", "E_ROWS_MISSING", "missing for 1 of 2"],
  ["__row_id,prediction\na,1\nb,1\nb,2\n", "E_ROWS_MISSING", "3 predictions for 2 test rows"],
  ["id,prediction\na,1\n", "E_BAD_OUTPUT", "no column __row_id"],
  ["__row_id,prediction\na\n", "E_BAD_OUTPUT", "line 2"],
])("Predictions that do not fit are refused: %j", async (text, code, words) => {
  const refused = await predictions(text, ["a", "b"]).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ code });
  expect(String(refused)).toContain(words);
});

test("Rows are joined by their id; what only one run judged is counted apart", () => {
  const left = ["a", "b", "c"].map((id) => ({ __row_id: id, target: "sun", prediction: "sun" }));
  const right = [
    { __row_id: "c", target: "sun", prediction: "sun" },
    { __row_id: "b", target: "sun", prediction: "rain" },
  ];
  expect(joinRows(left, right)).toEqual({
    common: 2,
    onlyOne: 1,
    flipped: [{ row: "b", target: "sun", from: "sun", to: "rain" }],
  });
});
