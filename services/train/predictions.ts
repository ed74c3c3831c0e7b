import { join } from "node:path";
import { Problem, type ProblemParts } from "@jackfield/problem/problem";
import type { CommandOutputs } from "@jackfield/executor/outputs";
import { rowIdColumn, type ColumnType } from "@jackfield/spec/event/artifact";
import { importTable } from "@jackfield/tables/import-table";
import { describeTable, readRows, writeRows } from "@jackfield/tables/rows";
import type { Written } from "@jackfield/tables/write-parquet";

export interface PredictionsWork {
  /** What the command left. */
  left: CommandOutputs["predictions"];
  /** Path of the test table. */
  test: string;
  /** Type of the target, where the trainer was shown it: classes such as `007` must stay text. */
  targetType: ColumnType | undefined;
  /** A folder for what lies between. */
  folder: string;
}

const shownRows = 3;

/**
 * Predictions of a command → the Parquet file `to`: `__row_id`, `prediction`, `p_<class>`, in the order of the test table.
 * @throws E_BAD_OUTPUT when they cannot be read or have no prediction; E_ROWS_MISSING when they do not name every test row exactly once.
 */
export async function settlePredictions(work: PredictionsWork, to: string): Promise<Written> {
  const read = await readPredictions(work).catch(asBadOutput);
  const { columns } = await describeTable(read);
  const kept = columns.filter(({ name }) => name === "prediction" || /^p_./.test(name));
  if (!kept.some(({ name }) => name === "prediction")) {
    throw badOutput("they have no column prediction.", {
      why: `The columns are ${[rowIdColumn, ...columns.map(({ name }) => name)].join(", ")}.`,
    });
  }
  const rows = await readRows(read, [rowIdColumn, ...kept.map(({ name }) => name)]);
  const empty = rows.filter((row) => row["prediction"] === null);
  if (empty.length > 0) {
    throw badOutput(`${empty.length} of ${rows.length} rows have no prediction.`, {
      why: `The first: ${sample(empty.map((row) => String(row[rowIdColumn])))}.`,
    });
  }
  const byId = new Map(rows.map((row) => [String(row[rowIdColumn]), row]));
  const wanted = (await readRows(work.test, [rowIdColumn])).map((row) => String(row[rowIdColumn]));
  mustCover(wanted, byId);
  return writeRows(
    to,
    kept,
    wanted.map((id) => byId.get(id) ?? {}),
  );
}

/** The table with text ids that the rest works on. Doubled ids end here. */
async function readPredictions({ left, targetType, folder }: PredictionsWork): Promise<string> {
  const format = left.parquet === undefined ? "csv" : "parquet";
  const path = left.parquet ?? left.csv ?? "";
  const to = join(folder, "predictions-as-left.parquet");
  const columns = {
    [rowIdColumn]: "string" as const,
    ...(targetType === "string" && { prediction: "string" as const }),
  };
  await importTable(
    { path, called: `out/predictions.${format}`, format },
    { columns, key: [rowIdColumn] },
    to,
  );
  return to;
}

/** Not "a smaller test set": a row that is missing or too many is an error. */
function mustCover(wanted: readonly string[], found: ReadonlyMap<string, unknown>): void {
  const missing = wanted.filter((id) => !found.has(id));
  const known = new Set(wanted);
  const foreign = [...found.keys()].filter((id) => !known.has(id));
  if (missing.length > 0) {
    throw new Problem(
      "E_ROWS_MISSING",
      `Predictions are missing for ${missing.length} of ${wanted.length} test rows.`,
      {
        why: `The first without one: ${sample(missing)}.${foreign.length > 0 ? foreignRows(foreign) : ""}`,
        next: "Predict every row of in/test and carry its __row_id along.",
      },
    );
  }
  if (foreign.length > 0) {
    throw new Problem(
      "E_ROWS_MISSING",
      `Predictions name ${foreign.length} rows that are not among the ${wanted.length} test rows.`,
      { why: foreignRows(foreign).trim(), next: "Predict the rows of in/test, each exactly once." },
    );
  }
}

const foreignRows = (ids: readonly string[]): string => ` Not among the test rows: ${sample(ids)}.`;

const sample = (ids: readonly string[]): string =>
  ids.slice(0, shownRows).join(", ") + (ids.length > shownRows ? ", …" : "");

/** A fault of a source becomes a fault of an output: the file is the command's. */
function asBadOutput(thrown: unknown): never {
  if (!(thrown instanceof Problem)) throw thrown;
  const { why, next } = thrown;
  const parts = { ...(why !== undefined && { why }), ...(next !== undefined && { next }), cause: thrown };
  if (thrown.code === "E_DUPLICATE_KEY") {
    throw new Problem(
      "E_ROWS_MISSING",
      `Predictions do not name each test row exactly once: ${thrown.message}`,
      parts,
    );
  }
  throw badOutput(thrown.message, parts);
}

const badOutput = (reason: string, parts: ProblemParts): Problem =>
  new Problem("E_BAD_OUTPUT", `The predictions cannot be used: ${reason}`, {
    next: "Expected: __row_id, prediction and, for classes, p_<class>.",
    ...parts,
  });
