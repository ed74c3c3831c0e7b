import { Problem } from "@jackfield/problem/problem";
import pg from "pg";
import { clientSettings, type Database } from "./database.ts";
import { lockKey } from "./lock-key.ts";
import { reachable } from "./reach.ts";

/** Held by one process at a time; PostgreSQL gives it up when the holder's connection ends. */
export interface Lock extends AsyncDisposable {
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

/**
 * A statement that waits keeps old row versions alive in the whole database, so a standby asks anew once a minute.
 * It still gets the lock in the moment in which it is free.
 */
async function waitFor(client: pg.Client, key: string): Promise<void> {
  // A holder is idle for as long as it is active; no timeout of the server may end that.
  await client.query("set lock_timeout = '60s'; set statement_timeout = 0; set idle_session_timeout = 0");
  for (;;) {
    try {
      await client.query("select pg_advisory_lock($1)", [key]);
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === lockTimedOut)) throw error;
    }
  }
}

function heldBy(client: pg.Client, ended: Promise<void>): Lock {
  let released = false;
  const lost = ended.then(() => (released ? new Promise<void>(() => undefined) : undefined));
  const release = async (): Promise<void> => {
    released = true;
    await client.end().catch(() => undefined);
  };
  return { lost, release, [Symbol.asyncDispose]: release };
}

/** For those who lose a lock in the middle of something. */
export const lockLost = (name: string): Problem =>
  new Problem("E_STORE_DOWN", `The connection that held the lock ${name} broke.`);
