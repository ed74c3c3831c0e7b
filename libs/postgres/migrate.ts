import { readdir, readFile } from "node:fs/promises";
import { Problem } from "@jackfield/problem/problem";
import { digestOf } from "@jackfield/spec/event/canonical";
import type pg from "pg";
import { withClient } from "./client.ts";
import { lockKey } from "./lock-key.ts";

export interface MigrationSettings {
  url: string;
  schema: string;
  /** Holds `000001.sql`, `000002.sql`, …; what else lies there is not looked at. */
  folder: URL;
}

interface Migration {
  name: string;
  digest: string;
  sql: string;
}

/**
 * Brings a schema to the newest migration: each file in a transaction of its own, in order, once; stops at the first
 * that fails. Two that migrate at once take turns. Answers with the names it applied.
 * @throws E_MIGRATION when a file fails, an applied one was changed or is gone, or a number is missing; E_STORE_DOWN
 */
export const migrate = ({ url, schema, folder }: MigrationSettings): Promise<string[]> =>
  withClient({ url, schema, applicationName: `${schema} migrate` }, async (client) => {
    const files = await readMigrations(folder);
    // The lock belongs to the connection, so it is gone with it, however that ends.
    await client.query("select pg_advisory_lock($1)", [lockKey(schema, "migrate")]);
    const applied = await appliedMigrations(client, schema);
    checkHistory(schema, files, applied);
    const waiting = files.filter(({ name }) => !applied.has(name));
    for (const migration of waiting) await apply(client, schema, migration);
    return waiting.map(({ name }) => name);
  });

async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{6}\.sql$/.test(name)).sort();
  const gap = names.findIndex((name, index) => Number(name.slice(0, 6)) !== index + 1);
  if (gap >= 0)
    throw refusal(`Migration ${String(gap + 1).padStart(6, "0")}.sql is missing in ${folder.pathname}.`);
  const read = async (name: string): Promise<Migration> => {
    const sql = await readFile(new URL(name, folder), "utf8");
    return { name, sql, digest: digestOf(sql) };
  };
  return Promise.all(names.map(read));
}

async function appliedMigrations(client: pg.Client, schema: string): Promise<Map<string, string>> {
  // "if not exists" asks for the right to create before it looks, and a service's role has none.
  const found = await client.query("select from pg_namespace where nspname = $1", [schema]);
  if (found.rowCount === 0) await client.query(`create schema ${client.escapeIdentifier(schema)}`);
  await client.query(
    `create table if not exists migrations (
       name text primary key, digest text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ name: string; digest: string }>(
    "select name, digest from migrations",
  );
  return new Map(rows.map(({ name, digest }) => [name, digest]));
}

function checkHistory(schema: string, files: Migration[], applied: Map<string, string>): void {
  for (const { name, digest } of files) {
    const before = applied.get(name);
    if (before !== undefined && before !== digest) {
      throw refusal(`Migration ${name} of ${schema} was changed after it was applied.`, {
        why: `It was applied as ${before}, and is ${digest} now.`,
        next: "Put the file back, and make the change in a new migration.",
      });
    }
  }
  const known = new Set(files.map(({ name }) => name));
  const unknown = [...applied.keys()].find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw refusal(`The schema ${schema} is newer than this program: it has migration ${unknown}.`, {
    next: "Start the release that made it, or a later one.",
  });
}

async function apply(client: pg.Client, schema: string, { name, digest, sql }: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(sql);
    await client.query("insert into migrations (name, digest) values ($1, $2)", [name, digest]);
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback").catch(() => undefined);
    throw refusal(`Migration ${name} of ${schema} failed; nothing of it was kept.`, {
      why: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

const refusal = (what: string, parts: { why?: string; next?: string; cause?: unknown } = {}): Problem =>
  new Problem("E_MIGRATION", what, parts);
