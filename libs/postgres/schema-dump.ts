import type pg from "pg";
import { withClient } from "./client.ts";

interface TableRow {
  name: string;
  oid: number;
  options: string[] | null;
}

/**
 * The tables, indexes and functions of a schema as SQL text, the same for the same schema, so that a review sees what a
 * migration did. It is for reading and comparing, no backup.
 */
export const dumpSchema = (url: string, schema: string): Promise<string> =>
  withClient({ url, schema, applicationName: `${schema} dump` }, async (client) => {
    const { rows } = await client.query<TableRow>(
      `select relname as name, oid::int8 as oid, reloptions as options from pg_class
       where relnamespace = $1::regnamespace and relkind in ('r', 'p') and relname <> 'migrations'
       order by relname collate "C"`,
      [schema],
    );
    const parts: string[] = [];
    for (const table of rows) parts.push(await dumpTable(client, table));
    parts.push(...(await dumpFunctions(client, schema)));
    return `${parts.join("\n\n")}\n`.replaceAll(`${schema}.`, "");
  });

async function dumpTable(client: pg.Client, { name, oid, options }: TableRow): Promise<string> {
  const columns = await lines(
    client,
    `select format('%I %s%s%s%s', attname, format_type(atttypid, atttypmod),
       case when attcollation <> typcollation then format(' collate %I', collname) else '' end,
       case when attnotnull then ' not null' else '' end,
       case when attidentity <> '' then ' generated as identity'
            when attgenerated <> '' then format(' generated always as (%s) stored', pg_get_expr(adbin, adrelid))
            when adbin is not null then ' default ' || pg_get_expr(adbin, adrelid) else '' end) as line
     from pg_attribute join pg_type on pg_type.oid = atttypid
       left join pg_collation on pg_collation.oid = attcollation
       left join pg_attrdef on adrelid = attrelid and adnum = attnum
     where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`,
    oid,
  );
  // PostgreSQL 18 lists "not null" as a constraint as well; the columns show it already.
  const constraints = await lines(
    client,
    `select format('constraint %I %s', conname, pg_get_constraintdef(oid, true)) as line from pg_constraint
     where conrelid = $1 and contype <> 'n' order by contype = 'p' desc, conname collate "C"`,
    oid,
  );
  const indexes = await lines(
    client,
    `select pg_get_indexdef(indexrelid, 0, true) || ';' as line from pg_index
     where indrelid = $1 and not exists (select from pg_constraint where conindid = indexrelid)
     order by 1`,
    oid,
  );
  const storage = options === null ? "" : ` with (${[...options].sort().join(", ")})`;
  const body = [...columns, ...constraints].map((line) => `  ${line}`).join(",\n");
  return [`create table ${name} (\n${body}\n)${storage};`, ...indexes].join("\n");
}

const dumpFunctions = async (client: pg.Client, schema: string): Promise<string[]> => {
  const { rows } = await client.query<{ line: string }>(
    `select pg_get_functiondef(oid) || ';' as line from pg_proc
     where pronamespace = $1::regnamespace and prokind in ('f', 'p') order by proname collate "C", oid`,
    [schema],
  );
  return rows.map(({ line }) => line);
};

async function lines(client: pg.Client, statement: string, oid: number): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(statement, [oid]);
  return rows.map(({ line }) => line);
}
