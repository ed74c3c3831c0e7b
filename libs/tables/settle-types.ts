import { Problem } from "@jackfield/problem/problem";
import { nearestNames } from "@jackfield/problem/nearest";
import type { ColumnType } from "@jackfield/spec/event/artifact";
import { isClash, kindsIn, parsed, textOf, typeOfKinds } from "./column-types.ts";
import type { Duck } from "./duck.ts";
import type { RawColumn } from "./source.ts";
import { list, name, text } from "./sql.ts";

export interface TypedColumn {
  name: string;
  type: ColumnType;
}

interface Cast extends TypedColumn {
  /** SQL of the typed value over the table `raw`. */
  value: string;
  /** SQL of the text it is read from; absent when the source has the type already. */
  from?: string;
}

export type Declared = Record<string, ColumnType>;

/**
 * Makes the table `typed` (`__order`, then the columns under their own names) of the table `raw`.
 * Declared columns get their declared type, others that of the file, or the narrowest that all of their texts have.
 * @throws E_NO_COLUMN for a declared column that is not there; E_TYPE for values that are not of the declared type.
 */
export async function settleTypes(
  duck: Duck,
  raw: readonly RawColumn[],
  { declared, called }: { declared: Declared; called: string },
): Promise<TypedColumn[]> {
  const names = raw.map((column) => column.name);
  for (const column of Object.keys(declared)) mustHave(names, column, called);
  const inferred = await inferTypes(
    duck,
    raw.filter((column) => column.type === undefined && declared[column.name] === undefined),
  );
  const casts = raw.map((column) => castOf(column, declared[column.name] ?? inferred.get(column.name)));
  await refuseClashes(duck, casts, called);
  const values = list(casts.map((cast) => `${cast.value} AS ${name(cast.name)}`));
  await duck.run(`CREATE TEMP TABLE typed AS SELECT __order, ${values} FROM raw`);
  await duck.run("DROP TABLE raw");
  return casts.map(({ name: column, type }) => ({ name: column, type }));
}

/** @throws E_NO_COLUMN with the nearest names and the list. */
export function mustHave(names: readonly string[], column: string, called: string): void {
  if (names.includes(column)) return;
  const near = nearestNames(column, names);
  throw new Problem("E_NO_COLUMN", `${called} has no column ${column}.`, {
    why: `Its columns are ${names.join(", ")}.`,
    next: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "Correct the name.",
  });
}

async function inferTypes(duck: Duck, columns: readonly RawColumn[]): Promise<Map<string, ColumnType>> {
  if (columns.length === 0) return new Map();
  const [bits] = await duck.rows(
    `SELECT ${list(columns.map(({ raw }) => `${kindsIn(raw)} AS ${raw}`))} FROM raw`,
  );
  return new Map(columns.map((column) => [column.name, typeOfKinds(Number(bits?.[column.raw] ?? 0))]));
}

function castOf(column: RawColumn, wanted: ColumnType | undefined): Cast {
  const type = wanted ?? column.type ?? "string";
  if (type === (column.type ?? "string")) return { name: column.name, type, value: column.raw };
  const from = textOf(column.type ?? "string", column.raw);
  return { name: column.name, type, value: parsed(type, from), from };
}

async function refuseClashes(duck: Duck, casts: readonly Cast[], called: string): Promise<void> {
  const read = casts.flatMap(({ from, ...cast }) => (from === undefined ? [] : [{ ...cast, from }]));
  if (read.length === 0) return;
  const counts = read.map(({ type, from }, index) => `count_if(${isClash(type, from)}) AS k${index}`);
  const [clashes] = await duck.rows(`SELECT ${list(counts)} FROM raw`);
  const bad = read.filter((_, index) => clashes?.[`k${index}`] !== 0);
  const [first] = bad;
  if (first === undefined) return;
  const examples = await duck.rows(
    `SELECT __order, ${first.from} AS found FROM raw WHERE ${isClash(first.type, first.from)} ORDER BY __order LIMIT 3`,
  );
  const shown = examples.map((row) => `row ${String(row["__order"])}: ${quoted(String(row["found"]))}`);
  const count = Number(clashes?.[`k${read.indexOf(first)}`]);
  const others = bad.slice(1).map((cast) => cast.name);
  throw new Problem(
    "E_TYPE",
    `Column ${first.name} of ${called} is declared ${first.type}, but ${count} of its values ${count === 1 ? "is" : "are"} not.`,
    {
      why: shown.join(", ") + (others.length > 0 ? `; the same in ${others.join(", ")}` : ""),
      here: called,
      next: `Correct the rows (row 1 is the first one), or declare \`${first.name}: string\`.${forms[first.type]}`,
    },
  );
}

const quoted = (found: string): string => text(found.length > 60 ? `${found.slice(0, 57)}…` : found);

const forms: Record<ColumnType, string> = {
  string: "",
  integer: "",
  number: " Numbers are written with a point.",
  boolean: " A boolean is true or false, yes or no, 1 or 0.",
  date: " Dates are written 2012-12-31.",
  timestamp: " Timestamps are written 2012-12-31T23:59:59Z.",
};
