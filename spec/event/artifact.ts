import { z } from "zod";

export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .meta({ id: "Digest" });

// Names and media types end up in HTTP headers and database rows, which have no room for control characters.
const printable = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((text) => !/\p{Cc}/u.test(text), "has control characters");

/** Immutable bytes, described as in the OCI image specification: media type, digest, size in bytes. */
export const descriptor = z
  .object({
    mediaType: printable(200).min(1),
    digest,
    size: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    /** What a person would call the file; never part of a cache key. */
    name: printable(200).optional(),
  })
  .meta({ id: "Descriptor" });

export const columnType = z
  .enum(["string", "integer", "number", "boolean", "date", "timestamp"])
  .meta({ id: "ColumnType" });

export const column = z
  .object({
    name: z.string().min(1),
    type: columnType,
    nulls: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  })
  .meta({ id: "Column" });

/** A table: Parquet bytes with `__row_id`, and what is in them. `columns` leaves `__row_id` out. */
export const table = descriptor
  .extend({ rows: z.int().min(0).max(Number.MAX_SAFE_INTEGER), columns: z.array(column) })
  .meta({ id: "Table" });

/** The column that joins rows from fetch to served prediction. */
export const rowIdColumn = "__row_id";

export const parquetType = "application/vnd.apache.parquet";

export type Digest = z.output<typeof digest>;
export type Descriptor = z.output<typeof descriptor>;
export type ColumnType = z.output<typeof columnType>;
export type Column = z.output<typeof column>;
export type Table = z.output<typeof table>;
