import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { z } from "zod";
import type { Record } from "./history.ts";

const row = z.object({ thing: z.string(), state: z.string() });

// What each service says of its things; only what may change still, or did a moment ago, is worth asking again, but the
// tables of a test are small.
const projections = {
  tracker: `select run as thing, coalesce(state, 'unknown') as state from tracker.runs
    union all select triggeredid, coalesce(finished_epoch || '-' || finished_sequence, 'open') from tracker.attempts
    union all select 'position', epoch || '-' || sequence from tracker.position`,
  conductor: `select key as thing, row->>'status' as state from conductor.runs
    union all select key, coalesce(row->>'attempt', '0') || ' ' || (row->>'status') from conductor.tasks
    union all select 'ask ' || key, coalesce(row->>'attempt', '0') || ' ' || (row->>'status') from conductor.asks
    union all select 'position', epoch || '-' || sequence from conductor.position`,
};

export interface Watching {
  /** Looks once more, then stops. */
  close(): Promise<void>;
}

/** Looks at the projections a few times a second and records what changed; while PostgreSQL is away it waits. */
export function watchStates(postgresUrl: string, record: Record, everyMs = 250): Watching {
  const closing = new AbortController();
  const known = new Map<string, string>();
  const look = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 2_000 });
    // A server that is killed ends the connection between two statements.
    client.on("error", () => undefined);
    try {
      await client.connect();
      for (const [of, statement] of Object.entries(projections)) {
        const { rows } = await client.query(statement);
        recordChanges(of, z.array(row).parse(rows));
      }
    } catch {
      // The next look comes soon.
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const recordChanges = (of: string, rows: z.output<typeof row>[]): void => {
    const changed = rows.filter(({ thing, state }) => known.get(`${of} ${thing}`) !== state);
    for (const { thing, state } of changed) known.set(`${of} ${thing}`, state);
    const states = Object.fromEntries(changed.map(({ thing, state }) => [thing, state]));
    if (changed.length > 0) record({ op: "states", of, states });
  };
  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await look();
      await delay(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const looking = loop();
  return {
    close: async () => {
      closing.abort();
      await looking;
    },
  };
}
