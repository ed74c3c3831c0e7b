import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WorkingFolder } from "@jackfield/executor/working-folder";
import { Problem } from "@jackfield/problem/problem";
import { digestOf } from "@jackfield/spec/event/canonical";
import { rowIdColumn, type Column } from "@jackfield/spec/event/artifact";
import { csvRows } from "../csv.ts";
import { csvOf, writeParquet, type Row } from "../parquet.ts";
import { withRowId, type Laid } from "./inputs.ts";

/** A small real task: the weather of Seattle, 2012–2014 to learn from, 2015 to predict. */
export interface Sample {
  target: string;
  files: Record<string, Laid>;
  /** Row id → what really was. */
  truth: Map<string, string>;
}

export const sampleTarget = "weather";
const numbers = ["precipitation", "temp_max", "temp_min", "wind"];
export const trainColumns: Column[] = [
  { name: "date", type: "date" },
  ...numbers.map((name): Column => ({ name, type: "number" })),
  { name: sampleTarget, type: "string" },
];
/** What is predicted is not shown. */
export const testColumns = trainColumns.filter(({ name }) => name !== sampleTarget);

/** The same distance from the sources and from the build. */
const source = new URL(
  import.meta.url.endsWith(".ts")
    ? "../../../examples/weather/data/seattle-weather.csv"
    : "../../examples/weather/data/seattle-weather.csv",
  import.meta.url,
);

/** The rows of the sample, as split would part them. */
export async function sampleRows(): Promise<{ train: Row[]; test: Row[] }> {
  const text = await readFile(source, "utf8").catch((cause: unknown) => {
    throw new Problem("E_NOT_FOUND", "The sample data are not there", { here: source.pathname, cause });
  });
  const rows = csvRows(text).map(typedRow);
  const isTest = ({ date }: Row): boolean => date instanceof Date && date.getUTCFullYear() >= 2015;
  return { train: rows.filter((row) => !isTest(row)), test: rows.filter(isTest) };
}

/** Row id → what really was. */
export const truthOf = (rows: readonly Row[]): Map<string, string> =>
  new Map(rows.map((row) => [String(row[rowIdColumn]), String(row[sampleTarget])]));

/** Lays the sample into `in/`, as split would. */
export async function laySample(folder: WorkingFolder): Promise<Sample> {
  const { train, test } = await sampleRows();
  return {
    target: sampleTarget,
    files: {
      train: await layTable(folder, "train", trainColumns, train),
      test: await layTable(folder, "test", testColumns, test),
    },
    truth: truthOf(test),
  };
}

const typedRow = (row: Record<string, string>): Row => ({
  ...row,
  [rowIdColumn]: digestOf(JSON.stringify(row)).slice(7, 23),
  date: new Date(`${row["date"] ?? ""}T00:00:00Z`),
  ...Object.fromEntries(numbers.map((name) => [name, Number(row[name])])),
});

async function layTable(
  { in: place }: WorkingFolder,
  name: string,
  shown: Column[],
  rows: Row[],
): Promise<Laid> {
  const [path, csv] = [join(place, `${name}.parquet`), join(place, `${name}.csv`)];
  const whole = withRowId({ columns: shown });
  await writeFile(path, writeParquet(whole, rows), { mode: 0o444 });
  await writeFile(csv, csvOf(whole, rows), { mode: 0o444 });
  return { path, csv };
}
