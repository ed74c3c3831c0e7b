import { rowIdColumn, type Column } from "@jackfield/spec/event/artifact";
import type { Duck } from "./duck.ts";
import type { TypedColumn } from "./settle-types.ts";
import { list, name } from "./sql.ts";

/** Snappy, because every reader of Parquet has it. A temporary file beside the target would be outside what DuckDB may touch. */
const parquet = "(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880, USE_TMP_FILE false)";

/** What a written table holds; `columns` leaves `__row_id` out. */
export interface Written {
  rows: number;
  columns: Column[];
}

interface Writing {
  columns: readonly TypedColumn[];
  /** A table, or a select in brackets, with `__row_id` and the columns. */
  from: string;
  order: string;
}

/** Writes the output file of `duck`: `__row_id`, then the columns, as they are typed. */
export async function writeParquet(duck: Duck, { columns, from, order }: Writing): Promise<void> {
  const names = list([rowIdColumn, ...columns.map((column) => column.name)].map(name));
  await duck.run(`COPY (SELECT ${names} FROM ${from} ORDER BY ${order}) TO ${duck.output} ${parquet}`);
}

/** Rows of a table, and how many values of each column are missing. */
export async function nullCounts(
  duck: Duck,
  columns: readonly TypedColumn[],
  from: string,
): Promise<Written> {
  const counts = columns.map((column, index) => `count(${name(column.name)}) AS k${index}`);
  const [counted] = await duck.rows(`SELECT ${list(["count(*) AS rows", ...counts])} FROM ${from}`);
  const rows = Number(counted?.["rows"]);
  return {
    rows,
    columns: columns.map(({ name: column, type }, index) => ({
      name: column,
      type,
      nulls: rows - Number(counted?.[`k${index}`]),
    })),
  };
}
