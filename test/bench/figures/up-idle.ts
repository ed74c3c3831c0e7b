import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openEvents } from "@jackfield/events/connection";
import { streamState } from "@jackfield/events/stream";
import pg from "pg";
import type { Bed } from "../bed.ts";
import { atMost, type Figure } from "../figure.ts";
import { cpuSeconds } from "../processes.ts";
import { startUp, type Which } from "../up.ts";

/** Idle sessions tell their transactions up to 10 s late, so those of the start must have been told. */
const settleMs = 15_000;
const idleMs = 20_000;

interface Idle {
  queriesPerSecond: number;
  events: number;
  /** Share of one core, of all processes together. */
  cpuShare: number;
}

/** Nothing is asked of it for 20 s: what does it do all the same? */
async function idleness(bed: Bed, which: Which): Promise<Idle> {
  const up = await startUp(bed, { folder: join(bed.folder, `up-idle-${which}`), which });
  const client = new pg.Client({ connectionString: up.postgresUrl });
  await client.connect();
  await using events = await openEvents({
    url: up.natsUrl,
    name: "bench",
    creds: await readFile(up.natsCreds, "utf8"),
  });
  try {
    await delay(settleMs);
    const look = async () => ({
      transactions: await transactions(client),
      sequence: (await streamState(events))?.last ?? 0,
      cpu: await cpuSeconds(up.pid),
    });
    const before = await look();
    await delay(idleMs);
    const after = await look();
    const seconds = idleMs / 1_000;
    // A session tells its count when its transaction is over, so one question of our own lies between.
    const others = Math.max(0, after.transactions - before.transactions - 1);
    return {
      queriesPerSecond: others / seconds,
      events: after.sequence - before.sequence,
      cpuShare: ((after.cpu - before.cpu) / seconds) * 100,
    };
  } finally {
    await client.end();
    await up.stop();
  }
}

/** Transactions of all sessions so far. */
async function transactions(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    "select sum(xact_commit + xact_rollback) as count from pg_stat_database where datname = current_database()",
  );
  return Number(rows[0]?.count ?? 0);
}

export const upIdle: Figure = {
  id: "up.idle",
  goal: [atMost("value", 1), atMost("new events", 0)],
  measure: async (bed) => {
    const all = await idleness(bed, "all");
    const servers = await idleness(bed, "servers");
    return {
      value: all.queriesPerSecond,
      unit: "queries/s",
      against: { name: "the launcher with NATS and PostgreSQL only", value: servers.queriesPerSecond },
      ratio: servers.queriesPerSecond === 0 ? undefined : all.queriesPerSecond / servers.queriesPerSecond,
      beside: {
        "new events": { value: all.events, unit: "in 20 s" },
        "CPU while idle": { value: all.cpuShare, unit: "% of a core" },
        "CPU while idle, servers only": { value: servers.cpuShare, unit: "% of a core" },
      },
    };
  },
};
