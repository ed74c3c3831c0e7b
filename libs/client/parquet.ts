import { parquetReadObjects } from "hyparquet";

export type Row = Record<string, unknown>;

/** Rows of a Parquet file in memory; 64-bit integers become numbers where that loses nothing. */
export async function readParquet(bytes: Uint8Array, columns?: string[]): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  // Rows are objects by column; what a column holds is checked where it is used.
  const rows = (await parquetReadObjects({
    file: file as ArrayBuffer,
    ...(columns !== undefined && { columns }),
  })) as Row[];
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])),
  );
}

const plain = (value: unknown): unknown =>
  typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
