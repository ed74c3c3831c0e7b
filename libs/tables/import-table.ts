import { Problem } from "@jackfield/problem/problem";
import { rowIdColumn } from "@jackfield/spec/event/artifact";
import { duckSays, openDuck, type Duck } from "./duck.ts";
import { bracketed, checkFilter } from "./filter.ts";
import { nameRows } from "./row-identity.ts";
import { mustHave, settleTypes, type Declared, type TypedColumn } from "./settle-types.ts";
import { loadSource, reservedNames, type RawColumn, type SourceFile } from "./source.ts";
import { list, name } from "./sql.ts";
import { nullCounts, writeParquet, type Written } from "./write-parquet.ts";

/** What is taken of a source, and how its rows are named. */
export interface ImportRule {
  /** Columns that must be there, with their types. */
  columns?: Declared;
  /** One boolean SQL expression over the columns. */
  where?: string;
  /** Column names; a `-` before one means descending. Empty values come last; ties keep the order of the source. */
  sort?: readonly string[];
  limit?: number;
  /** Columns that name a row; without it a row is named by its content. */
  key?: readonly string[];
}

/**
 * Reads a CSV, JSON or Parquet file and writes the Parquet file `to`: `__row_id`, then the columns.
 * The same content and rule give the same bytes.
 * @throws E_SOURCE, E_NO_COLUMN, E_TYPE, E_DUPLICATE_KEY, E_FILTER.
 */
export async function importTable(source: SourceFile, rule: ImportRule, to: string): Promise<Written> {
  await using duck = await openDuck({ reads: { source: source.path }, writes: to });
  const { called } = source;
  const raw = await loadSource(duck, source);
  const key = rule.key ?? [];
  refuseReserved(raw, key, called);
  const declared = key.includes(rowIdColumn)
    ? { ...rule.columns, [rowIdColumn]: "string" as const }
    : rule.columns;
  const typed = await settleTypes(duck, raw, { declared: declared ?? {}, called });
  await nameRows(duck, typed, { key, called });
  const columns = typed.filter((column) => column.name !== rowIdColumn);
  await keepRows(duck, columns, { rule, called });
  await writeParquet(duck, { columns, from: "kept", order: "__order" });
  return await nullCounts(duck, columns, "kept");
}

function refuseReserved(raw: readonly RawColumn[], key: readonly string[], called: string): void {
  const names: readonly string[] = raw.map((column) => column.name.toLowerCase());
  const taken = reservedNames.find((reserved) => names.includes(reserved));
  if (taken === undefined || (taken === rowIdColumn && key.length === 1 && key[0] === rowIdColumn)) return;
  throw new Problem("E_SOURCE", `${called} has a column ${taken}, a name that Jackfield gives itself.`, {
    next:
      taken === rowIdColumn ? "If it names the rows, declare `key: __row_id`; else rename it." : "Rename it.",
  });
}

interface Kept {
  rule: ImportRule;
  called: string;
}

/** Filter, then order, then limit: the table `kept`, in which `__order` is the final order. */
async function keepRows(duck: Duck, columns: readonly TypedColumn[], { rule, called }: Kept): Promise<void> {
  const names = columns.map((column) => column.name);
  const order = (rule.sort ?? []).map((asked) => orderBy(names, asked, called));
  const { where } = rule;
  if (where !== undefined) await checkFilter(duck, where, { columns: names, called });
  const limit = rule.limit === undefined ? "" : `LIMIT ${Math.trunc(rule.limit)}`;
  const sorted = `ORDER BY ${list([...order, "__order"])} ${limit}`;
  const filter = where === undefined ? "" : `WHERE ${bracketed(where)}`;
  await duck
    .run(
      "CREATE TEMP TABLE kept AS SELECT * REPLACE (row_number() OVER () AS __order) " +
        `FROM (SELECT * FROM named ${filter} ${sorted})`,
    )
    .catch((cause: unknown) => {
      if (where === undefined || cause instanceof Problem) throw cause;
      throw new Problem("E_FILTER", "The filter `where` fails on a row.", {
        why: duckSays(cause),
        here: where,
        cause,
      });
    });
  const [counted] = await duck.rows(
    "SELECT (SELECT count(*) FROM kept) AS kept, (SELECT count(*) FROM named) AS all_rows",
  );
  if (counted?.["kept"] === 0) {
    throw new Problem(
      "E_FILTER",
      `The filter \`where\` keeps none of the ${String(counted["all_rows"])} rows of ${called}.`,
      {
        here: where ?? "",
        next: "Loosen the filter, or correct a value in it: text counts upper and lower case.",
      },
    );
  }
  await duck.run("DROP TABLE named");
}

function orderBy(names: readonly string[], asked: string, called: string): string {
  if (names.includes(asked)) return `${name(asked)} ASC NULLS LAST`;
  const column = asked.startsWith("-") ? asked.slice(1) : asked;
  mustHave(names, column, called);
  return `${name(column)} DESC NULLS LAST`;
}
