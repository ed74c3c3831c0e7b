import type pg from "pg";
import { canonicalJson, digestOf, sha256 } from "@jackfield/spec/event/canonical";
import type { Position } from "@jackfield/spec/event/position";
import { inTransaction } from "./shadow.ts";

/** Table → the columns that are its state, as SQL; those that follow from others may be left out. */
export type StateTables = Readonly<Record<string, string>>;

export interface StateHash {
  hash: string;
  tables: Record<string, { rows: number; hash: string }>;
}

/**
 * What rows say, as one digest, whatever their order: the sum of the digests of their canonical JSON (RFC 8785). It says
 * that two states are equal, to those who have no reason to forge one.
 */
export class RowsHash {
  #rows = 0;
  #sum = 0n;

  add(row: unknown): void {
    this.#rows += 1;
    this.#sum += BigInt(`0x${sha256(canonicalJson(row)).toString("hex")}`);
  }

  get result(): { rows: number; hash: string } {
    return { rows: this.#rows, hash: digestOf((this.#sum & ((1n << 256n) - 1n)).toString(16)) };
  }
}

/** The hashes of tables → the hash of the state. */
export const stateHash = (tables: StateHash["tables"]): StateHash => ({
  hash: digestOf(canonicalJson(tables)),
  tables,
});

const atOnce = 2_000;

/** The state in a database at one moment, with the position up to which it is folded. */
export const hashState = (
  pool: pg.Pool,
  tables: StateTables,
): Promise<StateHash & { position: Position | undefined }> =>
  inTransaction(
    pool,
    async (client) => {
      const { rows } = await client.query<Position>("select epoch, sequence from position");
      const hashes: StateHash["tables"] = {};
      for (const [table, columns] of Object.entries(tables))
        hashes[table] = await hashTable(client, table, columns);
      return { ...stateHash(hashes), position: rows[0] };
    },
    "begin isolation level repeatable read read only",
  );

async function hashTable(
  client: pg.PoolClient,
  table: string,
  columns: string,
): Promise<{ rows: number; hash: string }> {
  const hash = new RowsHash();
  await client.query("set local timezone = 'UTC'");
  await client.query(
    `declare state no scroll cursor for select to_jsonb(r) as row from (select ${columns} from ${table}) as r`,
  );
  for (;;) {
    const { rows } = await client.query<{ row: unknown }>(`fetch ${atOnce} from state`);
    for (const { row } of rows) hash.add(row);
    if (rows.length < atOnce) break;
  }
  await client.query("close state");
  return hash.result;
}
