import { readFile } from "node:fs/promises";
import type { CommandOutputs } from "@jackfield/executor/outputs";
import { Problem } from "@jackfield/problem/problem";
import { rowIdColumn, type Column, type ColumnType } from "@jackfield/spec/event/artifact";
import { csvRows } from "../csv.ts";
import { readParquet, writeParquet, type Row } from "../parquet.ts";
import { idOf } from "./inputs.ts";

/** Predictions as a table: Parquet bytes, and what is in them. */
export interface Predictions {
  bytes: Uint8Array;
  rows: Row[];
  columns: Column[];
}

/**
 * What a command left in out/predictions.csv or .parquet → a table in the order of the test rows.
 * @throws E_BAD_OUTPUT when it cannot be read, E_ROWS_MISSING when it does not name every test row exactly once.
 */
export async function readPredictions(
  left: CommandOutputs["predictions"],
  testIds: readonly string[] | undefined,
): Promise<Predictions> {
  const found = left.parquet === undefined ? await fromCsv(left.csv ?? "") : await fromParquet(left.parquet);
  const [first] = found;
  for (const name of [rowIdColumn, "prediction"]) {
    if (first !== undefined && !Object.hasOwn(first, name))
      throw bad(`they have no column ${name}; the columns are ${Object.keys(first).join(", ")}`);
  }
  const names = ["prediction", ...Object.keys(first ?? {}).filter((name) => /^(p_.|q_0?\.\d+$)/.test(name))];
  const columns = names.map((name): Column => ({ name, type: typeOf(found, name), nulls: 0 }));
  const rows = inOrder(found, testIds).map((row) => typed(row, columns));
  const bytes = writeParquet([{ name: rowIdColumn, type: "string" }, ...columns], rows);
  return { bytes, rows, columns };
}

const fromParquet = async (path: string): Promise<Row[]> =>
  readParquet(await readFile(path)).catch((cause: unknown) => {
    throw bad(cause instanceof Error ? cause.message : String(cause));
  });

async function fromCsv(path: string): Promise<Row[]> {
  try {
    return csvRows(await readFile(path, "utf8"));
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message : String(cause));
  }
}

const bad = (reason: string): Problem =>
  new Problem("E_BAD_OUTPUT", `The predictions cannot be used: ${reason}`, {
    next: "expected: __row_id, prediction and, if it has them, p_<class> or q_<share>",
  });

const isNumber = (value: unknown): boolean =>
  typeof value === "number" ||
  (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)));

/** Text unless every value is a number; probabilities always are. */
function typeOf(rows: readonly Row[], name: string): ColumnType {
  const values = rows.map((row) => row[name]);
  if (values.every((value) => typeof value === "boolean")) return "boolean";
  if (values.every(isNumber)) return "number";
  if (name === "prediction") return "string";
  throw bad(`${name} holds something that is no number`);
}

const typed = (row: Row, columns: readonly Column[]): Row =>
  Object.fromEntries([
    [rowIdColumn, idOf(row)],
    ...columns.map(({ name, type }): [string, unknown] => {
      const value = row[name];
      return [name, type === "number" ? Number(value) : type === "string" ? String(value) : value];
    }),
  ]);

function inOrder(rows: readonly Row[], testIds: readonly string[] | undefined): Row[] {
  if (testIds === undefined) return [...rows];
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  const missing = testIds.filter((id) => !byId.has(id));
  const first = (ids: readonly string[]): string =>
    ids.slice(0, 3).join(", ") + (ids.length > 3 ? ", …" : "");
  if (missing.length > 0)
    throw new Problem(
      "E_ROWS_MISSING",
      `Predictions are missing for ${missing.length} of ${testIds.length} test rows`,
      {
        why: `the first without one: ${first(missing)}`,
        next: "predict every row of in/test, and carry its __row_id along",
      },
    );
  if (rows.length !== testIds.length)
    throw new Problem(
      "E_ROWS_MISSING",
      `There are ${rows.length} predictions for ${testIds.length} test rows`,
      {
        why: "some row is named twice, or is no test row",
        next: "predict the rows of in/test, each exactly once",
      },
    );
  return testIds.map((id) => byId.get(id) ?? {});
}
