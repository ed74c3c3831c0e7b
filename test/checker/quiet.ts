import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { z } from "zod";
import { streamEnd, type StreamAddress } from "./stream.ts";

export interface QuietOptions extends StreamAddress {
  /** The superuser's. */
  postgresUrl: string;
  withinMs: number;
}

const found = z.object({
  behind: z.coerce.number(),
  open: z.coerce.number(),
  outbox: z.coerce.number(),
});

/**
 * Waits until every reader is at the end of the stream, no run is open and no decision is on its way, for half a second.
 * False when that did not happen in time; the verdict then says what was left.
 */
export async function whenQuiet({ withinMs, postgresUrl, ...address }: QuietOptions): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  let quiet = 0;
  while (quiet < 5 && performance.now() < deadline) {
    await delay(100);
    quiet = (await isQuiet(address, postgresUrl).catch(() => false)) ? quiet + 1 : 0;
  }
  return quiet === 5;
}

async function isQuiet(address: StreamAddress, postgresUrl: string): Promise<boolean> {
  const { epoch, last } = await streamEnd(address);
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    const { rows } = await client.query(
      `select (select count(*) from (select epoch, sequence from tracker.position
                 union all select epoch, sequence from conductor.position) as readers
               where epoch <> $1 or sequence <> $2) as behind,
         (select count(*) from conductor.runs where active)
           + (select count(*) from conductor.asks where row->>'status' not in ('done', 'skipped')) as open,
         (select count(*) from conductor.outbox) as outbox`,
      [epoch, last],
    );
    const { behind, open, outbox } = found.parse(rows[0]);
    return behind + open + outbox === 0;
  } finally {
    await client.end();
  }
}
