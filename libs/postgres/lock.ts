import { Problem } from "@jackfield/problem/problem";
import pg from "pg";
import { clientSettings, type Database } from "./database.ts";
import { lockKey } from "./lock-key.ts";
import { reachable } from "./reach.ts";

/**
 * Held by one process at a time; PostgreSQL gives it up when the holder's connection ends. A holder that was stopped
 * (SIGSTOP, a frozen machine) keeps its connection, so it shows a sign of life every second, and who waits ends the
 * connection of one that shows none.
 */
export interface Lock extends AsyncDisposable {
  /** Was there a sign of life so lately that nobody can have taken the lock? Whoever speaks as the holder asks first. */
  isFresh(): boolean;
  /** Resolves when the connection broke, so somebody else may hold it now. Never after `release`. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

/**
 * Waits until no other process holds the lock `name` of this schema, and takes it, on a connection of its own.
 * The lock says who is active; that nothing is written twice is the position's work.
 * @throws E_STORE_DOWN when the connection cannot be made or breaks; the signal's reason when that fires first
 */
export async function holdLock(
  database: Database,
  name: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Lock> {
  signal?.throwIfAborted();
  const { url } = database.settings;
  const client = new pg.Client(clientSettings(database.settings));
  const ended = new Promise<void>((resolve) => {
    client.on("error", () => resolve());
    client.on("end", () => resolve());
  });
  const stop = (): void => void client.end().catch(() => undefined);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await reachable(url, () => client.connect());
    await reachable(url, () => waitFor(client, lockKey(database.schema, name)));
    signal?.throwIfAborted();
  } catch (error) {
    stop();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  return heldBy(client, ended);
}

const lockTimedOut = "55P03";
const lookEverySeconds = 2;
const signEveryMs = 1_000;
/** The holder stops speaking a second before anybody may end it. */
const freshMs = 4_000;
const silentMs = 5_000;

/** It gets the lock in the moment in which it is free; between its looks at the holder it just waits. */
async function waitFor(client: pg.Client, key: string): Promise<void> {
  // A holder is idle for as long as it is active; no timeout of the server may end that.
  await client.query(
    `set lock_timeout = '${lookEverySeconds}s'; set statement_timeout = 0; set idle_session_timeout = 0`,
  );
  let seen: Sign | undefined;
  for (;;) {
    try {
      await client.query("select pg_advisory_lock($1)", [key]);
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === lockTimedOut)) throw error;
    }
    const sign = await signOfHolder(client, key);
    const isNew = sign?.pid !== seen?.pid || sign?.at !== seen?.at;
    if (isNew) seen = sign;
    else if (sign !== undefined && seen !== undefined && sign.seenMs - seen.seenMs >= silentMs)
      await client.query("select pg_terminate_backend($1)", [sign.pid]);
  }
}

/** The last sign of life of the holder, and when it was seen by our clock; the two clocks are never compared. */
interface Sign {
  pid: number;
  at: string;
  seenMs: number;
}

async function signOfHolder(client: pg.Client, key: string): Promise<Sign | undefined> {
  const { rows } = await client.query<{ pid: number; at: string }>(
    `select pid, state_change::text as at from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and granted and objsubid = 1 and datname = current_database()
       and (classid::bigint << 32 | objid::bigint) = $1::bigint`,
    [key],
  );
  const [row] = rows;
  return row === undefined ? undefined : { ...row, seenMs: performance.now() };
}

function heldBy(client: pg.Client, ended: Promise<void>): Lock {
  let released = false;
  let signMs = performance.now();
  let asked = false;
  const sign = async (): Promise<void> => {
    if (asked) return;
    asked = true;
    const sentMs = performance.now();
    await client.query("select 1");
    asked = false;
    signMs = sentMs;
  };
  // A broken connection ends it, and is told by `lost`.
  const signs = setInterval(() => void sign().catch(() => clearInterval(signs)), signEveryMs).unref();
  const lost = ended.then(() => (released ? new Promise<void>(() => undefined) : undefined));
  const release = async (): Promise<void> => {
    released = true;
    clearInterval(signs);
    await client.end().catch(() => undefined);
  };
  const isFresh = (): boolean => performance.now() - signMs < freshMs;
  return { lost, isFresh, release, [Symbol.asyncDispose]: release };
}

/** For those who lose a lock in the middle of something. */
export const lockLost = (name: string): Problem =>
  new Problem("E_STORE_DOWN", `The connection that held the lock ${name} broke.`);
