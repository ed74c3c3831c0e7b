import type { Clause, Filter } from "@jackfield/cesql/filter";
import { sql, type RawBuilder } from "kysely";

export const isEmpty = (filter: Filter): boolean => filter.every((clauses) => clauses.length === 0);

/**
 * What PostgreSQL can say of a filter: never less than matches. Types are resolved among those that occur; equal values
 * are compared there; globs, ranges, differences and expressions stay for `matches`, which judges every row anyway.
 */
export const narrowed = (filter: Filter, types: ReadonlySet<string>): RawBuilder<boolean> =>
  sql<boolean>`(${sql.join(
    filter.map((clauses) => allOf(clauses.flatMap((clause) => inSql(clause, types)))),
    sql` or `,
  )})`;

const allOf = (conditions: RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(conditions, sql` and `)})`;

const columns = new Set(["id", "source", "project", "subject", "run", "correlationid", "causationid"]);

function inSql(clause: Clause, types: ReadonlySet<string>): RawBuilder<boolean>[] {
  if (clause.kind === "cesql") return [];
  if (clause.kind === "type" || clause.key === "type") return [ofTypes(clause, types)];
  const { key, operator, value } = clause;
  if (operator !== "=" || value.includes("*") || key === "data") return [];
  if (columns.has(key)) return [sql<boolean>`${sql.ref(key)} = ${value}`];
  const actual = key === "outcome" ? outcome : attribute(key);
  // JSON may escape what PostgreSQL cannot unescape (a zero, half a surrogate pair): such an event is let through.
  return [sql<boolean>`case when strpos(body, ${"\\u"}) > 0 then true else ${actual} = ${value} end`];
}

const attribute = (key: string): RawBuilder<string> => sql`body::json ->> ${key}`;

const outcome: RawBuilder<string> = sql`case ${attribute("status")}
  when 'succeeded' then coalesce(${attribute("result")}, 'pass') else ${attribute("status")} end`;

function ofTypes({ holds }: Clause, types: ReadonlySet<string>): RawBuilder<boolean> {
  const found = [...types].filter((type) => holds({ specversion: "1.0", id: "-", source: "-", type }));
  return sql<boolean>`type = any(${found})`;
}
