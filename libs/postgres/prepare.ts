import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { withClient } from "./client.ts";
import { lockKey } from "./lock-key.ts";

/**
 * Gives each stateful service a role and a schema of its own, in which only that role can read or write. May be asked
 * again, and by several at once. Answers with the URL of each service. @throws E_STORE_DOWN
 */
export const prepareDatabase = ({
  adminUrl,
  services,
}: {
  adminUrl: string;
  services: string[];
}): Promise<Record<string, string>> =>
  withClient({ url: adminUrl, schema: "public", applicationName: "jackfield prepare" }, async (client) => {
    await client.query("select pg_advisory_lock($1)", [lockKey("public", "prepare")]);
    await client.query(`revoke create on schema public from public`);
    for (const service of services) await prepareService(client, adminUrl, service);
    return Object.fromEntries(services.map((service) => [service, serviceUrl(adminUrl, service)]));
  });

/** The URL by which a service reaches its schema, as its own role, in the database of `adminUrl`. */
export function serviceUrl(adminUrl: string, service: string): string {
  const url = new URL(adminUrl);
  url.username = service;
  url.password = passwordOf(adminUrl, service) ?? "";
  return url.href;
}

/** Derived from the administrator's, so that it need not be kept anywhere; none where the administrator has none. */
function passwordOf(adminUrl: string, service: string): string | undefined {
  const { password } = new URL(adminUrl);
  if (password === "") return undefined;
  return createHmac("sha256", decodeURIComponent(password)).update(`jackfield/${service}`).digest("hex");
}

async function prepareService(client: pg.Client, adminUrl: string, service: string): Promise<void> {
  const role = client.escapeIdentifier(service);
  const password = passwordOf(adminUrl, service);
  const login = password === undefined ? "login" : `login password ${client.escapeLiteral(password)}`;
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [service]);
  if (rowCount === 0) await againWhenRaced(() => client.query(`create role ${role} ${login}`));
  await againWhenRaced(() => client.query(`alter role ${role} ${login}`));
  // Who is no superuser can give a schema only to a role that it belongs to.
  await client.query(`do $$ begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
      execute format('grant %I to current_user', ${client.escapeLiteral(service)});
    end if; end $$`);
  await client.query(`create schema if not exists ${role} authorization ${role}`);
  await client.query(`revoke all on schema ${role} from public`);
}

// Roles belong to the whole server, and the advisory lock to one database: another database may be at the same role.
const racedCodes = new Set(["42710", "23505", "XX000"]);

async function againWhenRaced(statement: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await statement();
      return;
    } catch (error) {
      const raced = error instanceof pg.DatabaseError && racedCodes.has(error.code ?? "");
      if (!raced) throw error;
      // "create" lost to another create, and what it wanted is there; "alter" follows anyway.
      if (error.code !== "XX000") return;
      if (attempt === 20) throw error;
      await delay(attempt * 5);
    }
  }
}
