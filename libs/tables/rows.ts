import { Problem } from "@jackfield/problem/problem";
import { rowIdColumn, type ColumnType } from "@jackfield/spec/event/artifact";
import { fromSqlType, sqlTypes, textOf } from "./column-types.ts";
import { duckSays, openDuck, type Cell, type Columns, type Duck, type Row } from "./duck.ts";
import { mustHave, type TypedColumn } from "./settle-types.ts";
import { list, name, text } from "./sql.ts";
import { nullCounts, writeParquet, type Written } from "./write-parquet.ts";

/** A Parquet file → how many rows, which columns (without `__row_id`), how many of their values are missing. */
export async function describeTable(path: string): Promise<Written> {
  await using duck = await openDuck({ reads: { table: path } });
  const columns = await columnsOf(duck, path);
  return await nullCounts(
    duck,
    columns.filter((column) => column.name !== rowIdColumn),
    stored(duck),
  );
}

/**
 * A Parquet file → its rows as objects, in the order of the file: all columns (with `__row_id`), or those asked for.
 * Dates and timestamps come as ISO 8601 text, integers beyond 2^53 as decimal text.
 * @throws E_NO_COLUMN; E_SOURCE when the file is no Parquet.
 */
export async function readRows(path: string, wanted?: readonly string[]): Promise<Row[]> {
  await using duck = await openDuck({ reads: { table: path } });
  return await duck.rows(await selection(duck, path, wanted));
}

/** The same by column: for tables of a million rows. */
export async function readColumns(path: string): Promise<Columns> {
  await using duck = await openDuck({ reads: { table: path } });
  return await duck.columns(await selection(duck, path));
}

async function selection(duck: Duck, path: string, wanted?: readonly string[]): Promise<string> {
  const columns = pick(await columnsOf(duck, path), wanted);
  const values = columns.map(({ name: column, type }) => `${plain(type, name(column))} AS ${name(column)}`);
  return `SELECT ${list(values)} FROM ${stored(duck)}`;
}

/** Writes the CSV twin of a Parquet file: a header line, the same columns, the same values as `readRows`, nothing for a missing one. */
export async function writeCsv(path: string, to: string): Promise<void> {
  await using duck = await openDuck({ reads: { table: path }, writes: to });
  const columns = await columnsOf(duck, path);
  const values = columns.map(({ name: column, type }) => `${textOf(type, name(column))} AS ${name(column)}`);
  await duck.run(
    `COPY (SELECT ${list(values)} FROM ${stored(duck)}) TO ${duck.output} (FORMAT csv, HEADER, USE_TMP_FILE false)`,
  );
}

/** Which rows and columns of a table are taken; what is absent is taken whole. `__row_id` always goes with them. */
export interface Taken {
  rowIds?: readonly string[];
  columns?: readonly string[];
}

/**
 * Writes the Parquet file `to` with some rows and columns of another, in its order.
 * @throws E_NO_COLUMN; E_ROWS_MISSING when the source lacks a row that was asked for.
 */
export async function takeRows(path: string, taken: Taken, to: string): Promise<Written> {
  await using duck = await openDuck({ reads: { table: path }, writes: to });
  const all = (await columnsOf(duck, path)).filter((column) => column.name !== rowIdColumn);
  const columns = pick(all, taken.columns);
  await duck.run(`CREATE TEMP TABLE taken AS SELECT row_number() OVER () AS __order, * FROM ${stored(duck)}`);
  if (taken.rowIds !== undefined) await keepOnly(duck, taken.rowIds);
  await writeParquet(duck, { columns, from: "taken", order: "__order" });
  return await nullCounts(duck, columns, "taken");
}

/**
 * Writes rows as a Parquet file: `__row_id`, then `columns` in their order; what a row does not name is missing.
 * @throws E_TYPE when a value does not fit its column; E_BAD_OUTPUT for a row without `__row_id`.
 */
export async function writeRows(
  to: string,
  columns: readonly TypedColumn[],
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<Written> {
  const all = [{ name: rowIdColumn, type: "string" as const }, ...columns];
  return await writeColumns(
    to,
    all.map((column) => ({ ...column, values: rows.map((row) => row[column.name] ?? null) })),
  );
}

/** A column and its values, one for each row. */
export type FilledColumn = TypedColumn & { values: readonly unknown[] };

/** The same for values by column, of which the first is `__row_id`. */
export async function writeColumns(to: string, all: readonly FilledColumn[]): Promise<Written> {
  const columns = all.slice(1).map(({ name, type }) => ({ name, type }));
  const values = all.map((column) => column.values.map((value, index) => cellOf(column, value, index)));
  await using duck = await openDuck({ writes: to });
  const staged = all.map(({ name: column, type }) => `${name(column)} ${stagedTypes[type]}`);
  await duck.run(`CREATE TABLE staged (${list(staged)})`);
  await duck.append("staged", values);
  const casts = all.map(
    ({ name: column, type }) => `CAST(${name(column)} AS ${sqlTypes[type]}) AS ${name(column)}`,
  );
  await duck
    .run(`CREATE TABLE written AS SELECT row_number() OVER () AS __order, ${list(casts)} FROM staged`)
    .catch((cause: unknown) => {
      throw new Problem("E_TYPE", "A date or timestamp is not one.", { why: duckSays(cause), cause });
    });
  await writeParquet(duck, { columns, from: "written", order: "__order" });
  return await nullCounts(duck, columns, "written");
}

/** Dates travel as text, and integers as text too, because a number of JavaScript ends at 2^53. */
const stagedTypes = {
  string: "VARCHAR",
  integer: "VARCHAR",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  date: "VARCHAR",
  timestamp: "VARCHAR",
} as const satisfies Record<ColumnType, string>;

function cellOf({ name: column, type }: TypedColumn, value: unknown, index: number): Cell {
  if (value === null) {
    if (column !== rowIdColumn) return null;
    throw new Problem("E_BAD_OUTPUT", `Row ${index + 1} has no ${rowIdColumn}.`, {
      next: "Carry the row id of the input with each row.",
    });
  }
  const cell = fitting(type, value);
  if (cell !== undefined) return cell;
  const shown = JSON.stringify(value) as string | undefined; // undefined for functions and symbols, whatever its type says
  throw new Problem(
    "E_TYPE",
    `Column ${column} holds ${type}s, but row ${index + 1} has ${(shown ?? typeof value).slice(0, 100)}.`,
  );
}

/** The value as it is staged; undefined when it is not of the type. NaN is a missing number. */
function fitting(type: ColumnType, value: unknown): Cell | undefined {
  switch (typeof value) {
    case "number":
      if (type === "number") return Number.isNaN(value) ? null : value;
      return type === "string" || (type === "integer" && Number.isSafeInteger(value))
        ? String(value)
        : undefined;
    case "bigint":
      return type === "string" || type === "integer" ? String(value) : undefined;
    case "boolean":
      if (type === "boolean") return value;
      return type === "string" ? String(value) : undefined;
    case "string":
      if (type === "integer") return /^-?\d{1,19}$/.test(value) ? value : undefined;
      return type === "number" || type === "boolean" ? undefined : value;
    default:
      return undefined;
  }
}

/** SQL of a table that was opened for reading. */
const stored = (duck: Duck): string => `read_parquet(${duck.file("table")})`;

/** SQL of a value as a plain one of JavaScript. */
const plain = (type: ColumnType, value: string): string =>
  type === "date" || type === "timestamp" ? textOf(type, value) : value;

async function columnsOf(duck: Duck, path: string): Promise<TypedColumn[]> {
  const described = await duck
    .rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${stored(duck)})`)
    .catch((cause: unknown) => {
      throw new Problem("E_SOURCE", "A table cannot be read as Parquet.", {
        why: duckSays(cause),
        here: path,
        cause,
      });
    });
  return described.map((row) => ({
    name: String(row["column_name"]),
    type: fromSqlType(String(row["column_type"]), "").type,
  }));
}

function pick(
  columns: readonly TypedColumn[],
  wanted: readonly string[] | undefined,
): readonly TypedColumn[] {
  if (wanted === undefined) return columns;
  const names = columns.map((column) => column.name);
  for (const column of wanted) mustHave(names, column, "The table");
  return wanted.flatMap((column) => columns.filter((found) => found.name === column));
}

async function keepOnly(duck: Duck, rowIds: readonly string[]): Promise<void> {
  await duck.run("CREATE TABLE wanted (__row_id VARCHAR)");
  await duck.append("wanted", [rowIds]);
  const missing = await duck.rows(
    "SELECT __row_id FROM wanted WHERE __row_id NOT IN (SELECT __row_id FROM taken) LIMIT 3",
  );
  if (missing.length > 0) {
    const shown = missing.map((row) => text(String(row["__row_id"])));
    throw new Problem("E_ROWS_MISSING", `The table has no row ${shown.join(", ")}.`);
  }
  await duck.run("DELETE FROM taken WHERE __row_id NOT IN (SELECT __row_id FROM wanted)");
}
