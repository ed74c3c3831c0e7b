import type { ColumnType } from "@jackfield/spec/event/artifact";
import { text } from "./sql.ts";

/** The six types of a column, as DuckDB and Parquet keep them. Timestamps are UTC. */
export const sqlTypes = {
  string: "VARCHAR",
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  date: "DATE",
  timestamp: "TIMESTAMP",
} as const satisfies Record<ColumnType, string>;

/**
 * SQL of the one text of a value: for row ids, keys and CSV.
 * A number that is whole reads like an integer, so a row keeps its id when its column widens from integer to number.
 */
export function textOf(type: ColumnType, value: string): string {
  switch (type) {
    case "string":
      return value;
    case "integer":
    case "boolean":
    case "date":
      return `CAST(${value} AS VARCHAR)`;
    case "number":
      return (
        `CASE WHEN isfinite(${value}) AND abs(${value}) < 9007199254740992 AND ${value} = trunc(${value}) ` +
        `THEN CAST(CAST(${value} AS BIGINT) AS VARCHAR) ELSE CAST(${value} AS VARCHAR) END`
      );
    case "timestamp":
      return `replace(strftime(${value}, '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z')`;
  }
}

const clean = (value: string): string => `nullif(trim(${value}), '')`;
const matches = (value: string, pattern: string): string => `regexp_full_match(${value}, ${text(pattern)})`;

const day = "\\d{4}-\\d\\d-\\d\\d";
const moment = `${day}[T ]\\d\\d:\\d\\d(:\\d\\d([.]\\d+)?)?([Zz]|[+-]\\d\\d(:?\\d\\d)?)?`;

/** Which texts a declared type accepts. Dates are ISO 8601 only: 01/02/2012 is two different days. */
const accepted = {
  integer: "[+-]?\\d+([.]0*)?",
  number: "[+-]?(\\d+[.]?\\d*|[.]\\d+)([eE][+-]?\\d+)?",
  boolean: "(?i)true|false|t|f|yes|no|y|n|1|0",
  date: `${day}([T ]00:00(:00([.]0+)?)?[Zz]?)?`,
  timestamp: `${day}|${moment}`,
} as const;

/** SQL of a text read as a value of `type`; NULL where it is none. */
export function parsed(type: ColumnType, value: string): string {
  if (type === "string") return value;
  const kept = clean(value);
  const when = (read: string): string => `CASE WHEN ${matches(kept, accepted[type])} THEN ${read} END`;
  switch (type) {
    case "integer":
      return when(`TRY_CAST(regexp_extract(${kept}, '^[+-]?\\d+') AS BIGINT)`);
    case "number":
      return when(`nullif(nullif(TRY_CAST(${kept} AS DOUBLE), 'infinity'::DOUBLE), '-infinity'::DOUBLE)`);
    case "boolean":
      return when(`lower(${kept}) IN ('true', 't', 'yes', 'y', '1')`);
    case "date":
      return when(`TRY_CAST(left(${kept}, 10) AS DATE)`);
    case "timestamp":
      return when(`TRY_CAST(${kept} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'`);
  }
}

/** SQL: is this text no value of `type`, although it says something? `nan` is how many tools write an empty number. */
export function isClash(type: ColumnType, value: string): string {
  const empty = type === "number" ? `lower(${clean(value)}) = 'nan'` : "false";
  return `(${clean(value)} IS NOT NULL AND NOT ${empty} AND (${parsed(type, value)}) IS NULL)`;
}

const kinds = { integer: 1, number: 2, boolean: 4, date: 8, timestamp: 16, other: 32 } as const;

/**
 * SQL of the kinds of text in a column, one bit each, over all rows: a sample would make the type depend on luck.
 * A number with a leading zero, or too long for 64 bits, is somebody's code and stays text.
 */
export function kindsIn(value: string): string {
  const kept = clean(value);
  const whole = "(0|[1-9]\\d{0,17})";
  const exponent = "[eE][+-]?\\d{1,2}";
  const broken = `(${whole}[.]\\d{0,30}|[.]\\d{1,30})(${exponent})?|${whole}${exponent}`;
  const cases = [
    `WHEN ${kept} IS NULL THEN 0`,
    `WHEN ${matches(kept, `[+-]?${whole}`)} THEN ${kinds.integer}`,
    `WHEN ${matches(kept, `[+-]?(${broken})`)} OR lower(${kept}) = 'nan' THEN ${kinds.number}`,
    `WHEN lower(${kept}) IN ('true', 'false') THEN ${kinds.boolean}`,
    `WHEN ${matches(kept, day)} AND TRY_CAST(${kept} AS DATE) IS NOT NULL THEN ${kinds.date}`,
    `WHEN ${matches(kept, moment)} AND TRY_CAST(${kept} AS TIMESTAMPTZ) IS NOT NULL THEN ${kinds.timestamp}`,
  ];
  return `bit_or(CASE ${cases.join(" ")} ELSE ${kinds.other} END)`;
}

/** Bits of `kindsIn` → the narrowest type that holds every value of the column. */
export function typeOfKinds(bits: number): ColumnType {
  if (bits === 0) return "string";
  const within = (...allowed: (keyof typeof kinds)[]): boolean =>
    (bits & ~allowed.reduce((sum, kind) => sum | kinds[kind], 0)) === 0;
  if (within("integer")) return "integer";
  if (within("integer", "number")) return "number";
  if (within("boolean")) return "boolean";
  if (within("date")) return "date";
  if (within("date", "timestamp")) return "timestamp";
  return "string";
}

/** A column of a typed file (DuckDB's name of its type) → our type, and the SQL that brings a value there. */
export function fromSqlType(sqlType: string, value: string): { type: ColumnType; value: string } {
  if (/^U?(TINY|SMALL|BIG)?INT(EGER)?$/.test(sqlType) && sqlType !== "UBIGINT") {
    return { type: "integer", value: `CAST(${value} AS BIGINT)` };
  }
  if (/^(UBIGINT|U?HUGEINT|FLOAT|DOUBLE|DECIMAL.*)$/.test(sqlType)) {
    return { type: "number", value: `nullif(CAST(${value} AS DOUBLE), 'nan'::DOUBLE)` };
  }
  if (sqlType === "BOOLEAN") return { type: "boolean", value };
  if (sqlType === "DATE") return { type: "date", value };
  if (sqlType === "TIMESTAMP WITH TIME ZONE")
    return { type: "timestamp", value: `${value} AT TIME ZONE 'UTC'` };
  if (sqlType.startsWith("TIMESTAMP")) return { type: "timestamp", value: `CAST(${value} AS TIMESTAMP)` };
  if (sqlType === "JSON") return { type: "string", value: `${value} ->> '$'` };
  if (/[([]/.test(sqlType)) return { type: "string", value: `CAST(to_json(${value}) AS VARCHAR)` };
  return { type: "string", value: `CAST(${value} AS VARCHAR)` };
}
