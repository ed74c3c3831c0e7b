import { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { duckSays, type Duck } from "./duck.ts";
import { mustHave } from "./settle-types.ts";

/** What a filter may call. None reads a file, draws a number, looks at a clock, or makes text grow. */
const functions = new Set(
  (
    "+ - * / // % || ~~ !~~ ~~* !~~* like_escape not_like_escape ilike_escape not_ilike_escape " +
    "lower upper length trim ltrim rtrim left right substring starts_with ends_with contains prefix suffix " +
    "regexp_matches regexp_full_match abs round floor ceil trunc sign mod sqrt ln exp isnan isfinite " +
    "year month day hour minute second quarter week dayofweek dayofyear date_part date_trunc to_days to_months to_years " +
    "nullif greatest least"
  ).split(" "),
);

const operators = new Set(
  "COMPARE_IN COMPARE_NOT_IN OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE".split(" "),
);

const types = new Set(
  "BOOLEAN TINYINT SMALLINT INTEGER BIGINT FLOAT DOUBLE DECIMAL VARCHAR DATE TIMESTAMP INTERVAL".split(" "),
);

const expression = z.unknown();
const children = z.array(expression);
const typed = z.object({ id: z.string() });

/** The nodes of DuckDB's parse tree that a filter may consist of; every other one is refused. */
const node = z.discriminatedUnion("class", [
  z.object({ class: z.literal("COLUMN_REF"), column_names: z.array(z.string()) }),
  z.object({ class: z.literal("CONSTANT"), value: z.object({ type: typed }) }),
  z.object({ class: z.literal("COMPARISON"), left: expression, right: expression }),
  z.object({ class: z.literal("CONJUNCTION"), children }),
  z.object({ class: z.literal("OPERATOR"), type: z.string(), children }),
  z.object({ class: z.literal("BETWEEN"), input: expression, lower: expression, upper: expression }),
  z.object({ class: z.literal("CAST"), child: expression, cast_type: typed }),
  z.object({
    class: z.literal("CASE"),
    case_checks: z.array(z.object({ when_expr: expression, then_expr: expression })),
    else_expr: expression,
  }),
  z.object({
    class: z.literal("FUNCTION"),
    function_name: z.string(),
    schema: z.literal(""),
    catalog: z.literal(""),
    children,
    filter: z.null(),
    distinct: z.literal(false),
    order_bys: z.object({ orders: z.tuple([]) }),
  }),
]);

const nothing = z.tuple([]);

/** `SELECT 1 FROM kept WHERE (…)` and not one word more. */
const onlyWhere = z.object({
  statements: z.tuple([
    z.object({
      node: z.object({
        type: z.literal("SELECT_NODE"),
        modifiers: nothing,
        cte_map: z.object({ map: nothing }),
        select_list: z.tuple([z.unknown()]),
        from_table: z.object({
          type: z.literal("BASE_TABLE"),
          table_name: z.literal("named"),
          sample: z.null(),
        }),
        where_clause: z.unknown(),
        group_expressions: nothing,
        group_sets: nothing,
        having: z.null(),
        sample: z.null(),
        qualify: z.null(),
      }),
    }),
  ]),
});

/** A filter is parsed and run in the same brackets; a comment in it ends with its line. */
export const bracketed = (filter: string): string => `(\n${filter}\n)`;

/**
 * Checks that `filter` is one boolean expression over these columns, with harmless functions: no sub-select,
 * no other table, no file, no clock. It is parsed by DuckDB itself, so what is checked is what runs.
 * @throws E_FILTER, or E_NO_COLUMN with the nearest names.
 */
export async function checkFilter(
  duck: Duck,
  filter: string,
  { columns, called }: { columns: readonly string[]; called: string },
): Promise<void> {
  if (filter.length > 4_000) throw refused(filter, "It is longer than 4000 characters.");
  const [row] = await duck.rows("SELECT json_serialize_sql($statement::VARCHAR) AS tree", {
    statement: `SELECT 1 FROM named WHERE ${bracketed(filter)}`,
  });
  const tree: unknown = JSON.parse(String(row?.["tree"]));
  const failed = z.object({ error: z.literal(true), error_message: z.string() }).safeParse(tree);
  if (failed.success) throw refused(filter, `It is not understood: ${failed.data.error_message}.`);
  const statement = onlyWhere.safeParse(tree);
  if (!statement.success) throw refused(filter, "It is more than one expression.");
  const [{ node: select }] = statement.data.statements;
  checkNode(select.where_clause, { filter, columns, called });
  const described = await duck
    .rows(`SELECT column_type FROM (DESCRIBE SELECT ${bracketed(filter)} FROM named)`)
    .catch((cause: unknown) => {
      throw cause instanceof Problem ? cause : refused(filter, duckSays(cause));
    });
  if (described[0]?.["column_type"] !== "BOOLEAN")
    throw refused(filter, "It is not true or false for a row.");
}

interface Allowed {
  filter: string;
  columns: readonly string[];
  called: string;
}

function checkNode(found: unknown, allowed: Allowed): void {
  const parsed = node.safeParse(found);
  if (!parsed.success) throw refused(allowed.filter, whatItIs(found));
  for (const child of childrenOf(parsed.data, allowed)) checkNode(child, allowed);
}

function childrenOf(part: z.output<typeof node>, { filter, columns, called }: Allowed): unknown[] {
  switch (part.class) {
    case "COLUMN_REF": {
      const column = part.column_names.join(".");
      // SQL does not tell upper from lower case in names.
      const known = columns.find((name) => name.toLowerCase() === column.toLowerCase());
      if (known === undefined) mustHave(columns, column, called);
      return [];
    }
    case "CONSTANT":
      if (!types.has(part.value.type.id) && part.value.type.id !== "NULL")
        throw refused(filter, "It holds a nested value.");
      return [];
    case "COMPARISON":
      return [part.left, part.right];
    case "CONJUNCTION":
      return part.children;
    case "OPERATOR":
      if (!operators.has(part.type)) throw refused(filter, `It uses the operator ${part.type}.`);
      return part.children;
    case "BETWEEN":
      return [part.input, part.lower, part.upper];
    case "CAST":
      if (!types.has(part.cast_type.id)) throw refused(filter, `It uses the type ${part.cast_type.id}.`);
      return [part.child];
    case "CASE":
      return [...part.case_checks.flatMap((check) => [check.when_expr, check.then_expr]), part.else_expr];
    case "FUNCTION":
      if (!functions.has(part.function_name)) throw refused(filter, `It calls ${part.function_name}.`);
      return part.children;
  }
}

function whatItIs(found: unknown): string {
  const known = z.object({ class: z.string() }).safeParse(found);
  const kind = known.success ? known.data.class.toLowerCase().replaceAll("_", " ") : "part";
  return `It holds a ${kind}, and may only look at the columns of its own row.`;
}

const refused = (filter: string, why: string): Problem =>
  new Problem("E_FILTER", "The filter `where` is refused.", {
    why,
    here: `where: ${filter.length > 200 ? `${filter.slice(0, 197)}…` : filter}`,
    next: "Write one condition over the columns, such as: temp_max > 10 AND weather IN ('rain', 'snow').",
  });
