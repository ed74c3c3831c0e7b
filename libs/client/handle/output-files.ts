import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { CommandOutputs } from "@jackfield/executor/outputs";
import { Problem } from "@jackfield/problem/problem";
import {
  parquetType,
  rowIdColumn,
  table,
  type Column,
  type ColumnType,
  type Descriptor,
  type Table,
} from "@jackfield/spec/event/artifact";
import { csvRows } from "../csv.ts";
import { readParquet, writeParquet, type Row } from "../parquet.ts";

/** How files of `out/` are kept: bytes of a table, or a file as it is. */
export interface Keeper {
  bytes(bytes: Uint8Array, name: string): Promise<Descriptor>;
  file(path: string, name: string): Promise<Descriptor>;
}

type Files = CommandOutputs["files"];

/**
 * A typed output in which `{"file": "train.csv"}` names a file of `out/` → the same with descriptors in those places; what
 * ends in .csv or .parquet becomes a table, whose columns have the types of the inputs' columns of that name.
 * @throws Problem E_BAD_OUTPUT
 */
export async function withFiles(
  value: unknown,
  about: { files: Files; types: ReadonlyMap<string, ColumnType>; keep: Keeper },
): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map((item) => withFiles(item, about)));
  if ("file" in value && typeof value.file === "string" && Object.keys(value).length === 1)
    return keepOne(value.file, about);
  const fields = Object.entries(value).map(async ([key, inner]) => [key, await withFiles(inner, about)]);
  return Object.fromEntries(await Promise.all(fields));
}

async function keepOne(
  name: string,
  { files, types, keep }: Parameters<typeof withFiles>[1],
): Promise<Descriptor | Table> {
  const found = files.find((file) => file.name === name);
  if (found === undefined)
    throw bad(name, `output.json names it; found: ${files.map((file) => file.name).join(", ") || "nothing"}`);
  const ending = extname(name).toLowerCase();
  if (ending !== ".csv" && ending !== ".parquet") return keep.file(found.path, name);
  const rows = await rowsIn(found.path, ending).catch((cause: unknown) => {
    throw bad(name, cause instanceof Error ? cause.message : String(cause));
  });
  const [first = {}] = rows;
  if (rows.length > 0 && !Object.hasOwn(first, rowIdColumn))
    throw bad(name, `it has no column ${rowIdColumn}; a table carries the id of each row along`);
  const names = Object.keys(first).filter((column) => column !== rowIdColumn);
  const columns = names.map((column) => columnOf(column, rows, types));
  const typed = rows.map((row) => typedRow(row, columns));
  const bytes = writeParquet([{ name: rowIdColumn, type: "string" }, ...columns], typed);
  const kept = await keep.bytes(bytes, name.replace(/\.csv$/i, ".parquet"));
  return { ...kept, mediaType: parquetType, rows: rows.length, columns };
}

const rowsIn = async (path: string, ending: string): Promise<Row[]> =>
  ending === ".csv" ? csvRows(await readFile(path, "utf8")) : readParquet(await readFile(path));

const bad = (name: string, why: string): Problem =>
  new Problem("E_BAD_OUTPUT", `The command left an out/${name} that cannot be used: ${why}.`, {
    here: `out/${name}`,
    next: "write it to the folder in JACKFIELD_OUT, as CSV with a head or as Parquet",
  });

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === "";

function columnOf(name: string, rows: readonly Row[], types: ReadonlyMap<string, ColumnType>): Column {
  const there = rows.map((row) => row[name]).filter((value) => !isMissing(value));
  return { name, type: types.get(name) ?? typeOf(there), nulls: rows.length - there.length };
}

function typeOf(values: readonly unknown[]): ColumnType {
  if (values.every((value) => value instanceof Date)) return values.length > 0 ? "timestamp" : "string";
  if (values.every((value) => typeof value === "boolean")) return "boolean";
  const numbers = values.every((value) => typeof value !== "boolean" && Number.isFinite(Number(value)));
  return numbers ? "number" : "string";
}

const typedRow = (row: Row, columns: readonly Column[]): Row =>
  Object.fromEntries([
    [rowIdColumn, String(row[rowIdColumn])],
    ...columns.map(({ name, type }): [string, unknown] => [name, typed(row[name], type)]),
  ]);

function typed(value: unknown, type: ColumnType): unknown {
  if (isMissing(value)) return null;
  switch (type) {
    case "date":
    case "timestamp":
      return value instanceof Date ? value : new Date(String(value));
    case "number":
    case "integer":
      return Number(value);
    case "boolean":
      return value === true || value === "true";
    case "string":
      return String(value);
  }
}

/** The types of all columns of all tables in an input, by name. */
export function columnTypes(value: unknown): Map<string, ColumnType> {
  if (typeof value !== "object" || value === null) return new Map();
  const own = table.safeParse(value).data?.columns.map(({ name, type }) => [name, type] as const) ?? [];
  return new Map([...own, ...Object.values(value).flatMap((inner) => [...columnTypes(inner)])]);
}
