import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importTable, type ImportRule } from "./import-table.ts";
import type { Format } from "./source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-bad-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function importing(
  content: string | Uint8Array,
  format: Format,
  rule: ImportRule = {},
): Promise<unknown> {
  const path = join(folder, "source");
  await writeFile(path, content);
  return importTable({ path, called: "days.csv", format }, rule, join(folder, "out.parquet"));
}

/** Beyond the part that is read for the header. */
const latinFarDown = Buffer.from(`a,b\n${"1,2\n".repeat(300_000)}1,gr\xfcn\n`, "latin1");

test.each<[string, string | Uint8Array, Format, string]>([
  ["an empty file", "", "csv", "days.csv is empty."],
  ["a header alone", "a,b\n", "csv", "days.csv has no rows."],
  ["UTF-16", Buffer.from("\ufeffa,b\n1,2\n", "utf16le"), "csv", "days.csv is not UTF-8 text."],
  ["Latin-1 in the header", Buffer.from("a,gr\xfcn\n1,2\n", "latin1"), "csv", "days.csv is not UTF-8 text."],
  ["a picture", new Uint8Array([137, 80, 78, 71, 0, 0, 0, 13]), "csv", "days.csv is not UTF-8 text."],
  ["two columns of one name", "a,b,A\n1,2,3\n", "csv", "days.csv has two columns named A."],
  ["Latin-1 further down", latinFarDown, "csv", "days.csv is not UTF-8 text."],
  ["a line with too few fields", "a,b\n1,2\n3\n", "csv", "days.csv cannot be read as CSV."],
  ["a line with too many fields", "a,b\n1,2\n3,4,5\n", "csv", "days.csv cannot be read as CSV."],
  ["a quote that is never closed", 'a,b\n1,"2\n3,4\n', "csv", "days.csv cannot be read as CSV."],
  ["JSON that is cut off", '[{"a":1},{"a"', "json", "days.csv cannot be read as JSON."],
  ["JSON that is no list of objects", "[1,2]", "json", "days.csv cannot be read as JSON."],
  ["empty JSON", "", "json", "days.csv is empty."],
  ["CSV under the name of Parquet", "a,b\n1,2\n3,4\n5,6\n", "parquet", "days.csv cannot be read as Parquet."],
])("%s is a clear problem", async (_, content, format, what) => {
  const problem: unknown = await importing(content, format).catch((thrown: unknown) => thrown);
  expect(problem).toMatchObject({ code: "E_SOURCE", message: what });
  expect(JSON.stringify(problem)).not.toContain(folder);
});

test("the line that breaks a CSV file is named", async () => {
  await expect(importing("a,b\n1,2\n3\n", "csv")).rejects.toMatchObject({
    here: "days.csv, line 3",
    why: expect.stringContaining("Expected Number of Columns: 2 Found: 1") as string,
  });
});

test("a file that is not there is named", async () => {
  const source = { path: join(folder, "nothing"), called: "nothing", format: "csv" as const };
  await expect(importTable(source, {}, join(folder, "out.parquet"))).rejects.toMatchObject({
    code: "E_SOURCE",
  });
});

test("a value that is not of the declared type is shown with its row, and the others are counted", async () => {
  const rule: ImportRule = { columns: { a: "integer", d: "date", s: "string" } };
  await expect(
    importing("a,d,s\n1,2012-01-01,x\n1.5,01/02/2012,1\nno,2012-13-01,2\n", "csv", rule),
  ).rejects.toMatchObject({
    code: "E_TYPE",
    message: "Column a of days.csv is declared integer, but 2 of its values are not.",
    why: "row 2: '1.5', row 3: 'no'; the same in d",
  });
});

test("a declared column that is not there is answered with the nearest names and the list", async () => {
  await expect(
    importing("temp_max,wind\n1,2\n", "csv", { columns: { tempmax: "number" } }),
  ).rejects.toMatchObject({
    code: "E_NO_COLUMN",
    why: "Its columns are temp_max, wind.",
    next: "Did you mean temp_max?",
  });
});
