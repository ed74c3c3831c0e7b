import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { clientSettings, type Database } from "./database.ts";
import { reachable } from "./reach.ts";

/** An empty copy of some tables, to fold into; statements that are written for the schema run on it unchanged. */
export interface Shadow extends Database {
  /** Puts what lies in the copies of `tables` into the schema's own tables, in the transaction in which `check` finds nothing wrong. */
  replace(check: (client: pg.PoolClient) => Promise<void>): Promise<void>;
}

/**
 * Copies are temporary tables of one connection: nobody else sees them, they write no WAL, and they are gone with the
 * connection. What lies `besides` is not replaced. It sees nothing but them, so when it breaks and is made again, nothing
 * is written anywhere.
 * @throws E_STORE_DOWN
 */
export async function openShadow(
  of: Database,
  tables: readonly string[],
  besides: readonly string[] = [],
): Promise<Shadow> {
  const settings = { ...of.settings, applicationName: `${of.settings.applicationName} shadow` };
  const own = pg.escapeIdentifier(of.schema);
  const all = [...tables, ...besides];
  const pool = new pg.Pool({
    ...clientSettings(settings),
    options: "-c search_path=pg_temp",
    max: 1,
    idleTimeoutMillis: 0,
  });
  pool.on("error", () => undefined);
  const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= kysely.destroy());
  try {
    await reachable(settings.url, () =>
      pool.query(
        all.map((table) => `create temp table ${table} (like ${own}.${table} including all)`).join(";"),
      ),
    );
  } catch (error) {
    await close();
    throw error;
  }
  const replace: Shadow["replace"] = (check) =>
    inTransaction(pool, async (client) => {
      for (const table of all) await client.query(`lock table ${own}.${table} in access exclusive mode`);
      await check(client);
      for (const table of tables) {
        await client.query(`truncate ${own}.${table}`);
        await client.query(`insert into ${own}.${table} select * from ${table}`);
      }
    });
  return { kysely, pool, schema: "pg_temp", settings, close, replace, [Symbol.asyncDispose]: close };
}

export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin = "begin",
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
