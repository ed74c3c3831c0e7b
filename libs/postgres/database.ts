import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { reachable } from "./reach.ts";

export interface DatabaseSettings {
  url: string;
  /** The one schema that statements see without naming it. */
  schema: string;
  applicationName: string;
  /** Connections at most; idle ones are closed after half a minute. */
  poolSize?: number;
}

/** One schema of a PostgreSQL database. A service names its tables once: `database.kysely.withTables<Tables>()`. */
export interface Database extends AsyncDisposable {
  readonly kysely: Kysely<object>;
  /** For statements that Kysely cannot prepare: the hot ones. */
  readonly pool: pg.Pool;
  readonly schema: string;
  readonly settings: DatabaseSettings;
  close(): Promise<void>;
}

/** Opens a schema and asks the server once, so that a wrong URL is told at the start. @throws E_STORE_DOWN */
export async function openPostgres(settings: DatabaseSettings): Promise<Database> {
  const pool = new pg.Pool({
    ...clientSettings(settings),
    max: settings.poolSize ?? 4,
    idleTimeoutMillis: 30_000,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => undefined);
  try {
    await reachable(settings.url, async () => (await pool.connect()).release());
  } catch (error) {
    await pool.end();
    throw error;
  }
  const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= kysely.destroy());
  return { kysely, pool, schema: settings.schema, settings, close, [Symbol.asyncDispose]: close };
}

/** What every connection to a schema has in common. */
export const clientSettings = ({ url, schema, applicationName }: DatabaseSettings): pg.ClientConfig => ({
  connectionString: url,
  application_name: applicationName,
  options: `-c search_path=${schema}`,
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
  types: { getTypeParser: getTypeParser as ParserFor },
});

/** Counters and sequences stay below 2^53; one that does not must not be rounded in silence. */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit into a number without loss`);
  return value;
}

type ParserFor = typeof pg.types.getTypeParser;

// pg declares parsers as `any`; what they give is typed where a statement names its row.
const getTypeParser = (oid: Parameters<ParserFor>[0], format?: "text" | "binary"): unknown =>
  oid === pg.types.builtins.INT8 && format !== "binary" ? safeInteger : pg.types.getTypeParser(oid, format);
