import { parquetReadObjects, type SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Column, ColumnType } from "@jackfield/spec/event/artifact";
import { csvCell, printCsv } from "./csv.ts";

export type Row = Record<string, unknown>;

/** Rows of a Parquet file in memory; 64-bit integers become numbers where that loses nothing. */
export async function readParquet(bytes: Uint8Array): Promise<Row[]> {
  // A copy, because a view may be a part of a larger buffer.
  const rows = (await parquetReadObjects({ file: new Uint8Array(bytes).buffer })) as Row[];
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])),
  );
}

const plain = (value: unknown): unknown =>
  typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;

const physical: Record<ColumnType, Omit<SchemaElement, "name">> = {
  string: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  integer: { type: "INT64" },
  number: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
  date: { type: "INT32", converted_type: "DATE" },
  timestamp: { type: "INT64", converted_type: "TIMESTAMP_MICROS" },
};

/** Rows → Parquet bytes (Snappy). Dates and timestamps are Date, integers numbers; what is missing is null. */
export function writeParquet(
  columns: readonly Pick<Column, "name" | "type">[],
  rows: readonly Row[],
): Uint8Array {
  const columnData = columns.map(({ name, type }) => ({
    name,
    data: rows.map((row) => {
      const value = row[name] ?? null;
      return type === "integer" && typeof value === "number" ? BigInt(value) : value;
    }),
  }));
  const schema: SchemaElement[] = [
    { name: "root", num_children: columns.length },
    ...columns.map(({ name, type }) => ({ name, repetition_type: "OPTIONAL" as const, ...physical[type] })),
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema }));
}

/** The CSV twin of a table: dates as 2015-01-01, instants in UTC, nothing for what is missing. */
export const csvOf = (columns: readonly Pick<Column, "name" | "type">[], rows: readonly Row[]): string =>
  printCsv(
    columns.map(({ name }) => name),
    rows.map((row) => columns.map(({ name, type }) => cellOf(row[name], type))),
  );

function cellOf(value: unknown, type: ColumnType): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) {
    const text = value.toISOString();
    return type === "date" ? text.slice(0, 10) : text.replace("T", " ").replace(/(\.000)?Z$/, "");
  }
  return csvCell(typeof value === "string" ? value : plainText(value));
}

const plainText = (value: unknown): string =>
  typeof value === "bigint" ? value.toString() : JSON.stringify(value);
