import type pg from "pg";
import { PositionLost } from "@jackfield/postgres/position";
import type { Run } from "@jackfield/lifecycle/runs";
import type { Position } from "@jackfield/spec/event/position";
import type { ChangedRows, TableName } from "./changed-rows.ts";

/** A decision on its way into the stream. */
export interface OutboxRow {
  n: number;
  text: string;
}

export interface Batch {
  from: Position | undefined;
  to: Position;
  changed: ChangedRows;
  decided: OutboxRow[];
  /** Outbox rows whose events were read back. */
  readBack: number[];
}

const plain = (table: string, at: number, set = "row = excluded.row"): string =>
  `${table}_saved as (insert into ${table} (key, row)
     select key, row from moved, unnest($${at}::text[], $${at + 1}::jsonb[]) as u (key, row)
     on conflict (key) do update set ${set})`;

const plainTables: TableName[] = ["projects", "handlers", "bindings", "tasks", "names", "seeds", "facts"];

// One statement, one round trip, one commit. Everything hangs on `moved`: when somebody else moved the position, it is
// empty and nothing is written.
const statement = `with moved as (
  insert into position (epoch, sequence) values ($3, $4)
  on conflict (singleton) do update set epoch = $3, sequence = $4
    where position.epoch = $1 and position.sequence = $2
  returning 1),
runs_saved as (insert into runs (key, project, name, active, row, pinned)
  select key, row->'scope'->>'project', row->>'name', row->>'status' in ('requested', 'running'), row, pinned
    from moved, unnest($5::text[], $6::jsonb[], $7::jsonb[]) as u (key, row, pinned)
  on conflict (key) do update set row = excluded.row, name = excluded.name, active = excluded.active,
    pinned = coalesce(excluded.pinned, runs.pinned)),
cache_saved as (insert into cache (key, project, subproject, capability, epoch, sequence, row)
  select key, row->>'project', row->>'subproject', row->>'capability',
    (row->'position'->>'epoch')::bigint, (row->'position'->>'sequence')::bigint, row
    from moved, unnest($8::text[], $9::jsonb[]) as u (key, row)
  on conflict (key) do update set row = excluded.row, subproject = excluded.subproject,
    epoch = excluded.epoch, sequence = excluded.sequence),
checks_saved as (insert into checks (key, event, row)
  select key, row->>'event', row from moved, unnest($10::text[], $11::jsonb[]) as u (key, row)
  on conflict (key) do nothing),
${plainTables.map((table, index) => plain(table, 12 + 2 * index)).join(",\n")},
decided as (insert into outbox (n, event)
  select n, event from moved, unnest($26::bigint[], $27::text[]) as u (n, event)),
gone as (delete from outbox using moved where n = any($28::bigint[]))
select count(*)::int as moved from moved`;

/**
 * Writes what a batch led to and moves the position, all or nothing.
 * @throws PositionLost when another process moved the position meanwhile; nothing is written then.
 */
export async function saveBatch(pool: pg.Pool, batch: Batch, savedPins: SavedPins): Promise<void> {
  const { from, to, changed, decided, readBack } = batch;
  const texts = (table: TableName): [string[], string[]] => {
    const { keys, rows } = changed.of(table);
    return [keys, rows.map((row) => JSON.stringify(row))];
  };
  const values = [
    from?.epoch ?? null,
    from?.sequence ?? null,
    to.epoch,
    to.sequence,
    ...runColumns(changed, savedPins),
    ...texts("cache"),
    ...texts("checks"),
    ...plainTables.flatMap(texts),
    decided.map(({ n }) => n),
    decided.map(({ text }) => text),
    readBack,
  ];
  const { rows } = await pool.query<{ moved: number }>({ name: "save-batch", text: statement, values });
  if (rows[0]?.moved !== 1) throw new PositionLost(from);
}

/** Which pinned part of each run is in the database already; it is sent again only when it is another one. */
export type SavedPins = Map<string, unknown>;

function runColumns(changed: ChangedRows, savedPins: SavedPins): [string[], string[], (string | null)[]] {
  const { keys, rows } = changed.of("runs");
  const pins: (string | null)[] = [];
  const texts = rows.map((row) => {
    // ChangedRows keeps rows with their tables; these are of `runs`.
    const { pinned, ...rest } = { pinned: undefined, ...(row as Run) };
    const known = savedPins.get(rest.id) === pinned;
    pins.push(known || pinned === undefined ? null : JSON.stringify(pinned));
    savedPins.set(rest.id, pinned);
    return JSON.stringify(rest);
  });
  return [keys, texts, pins];
}

/**
 * Writes decisions that no event led to: clocks, slots. They count only while this process is the one that reads.
 * @throws PositionLost
 */
export async function saveDecisions(
  pool: pg.Pool,
  at: Position | undefined,
  decided: readonly OutboxRow[],
): Promise<void> {
  const { rowCount } = await pool.query({
    name: "save-decisions",
    text: `insert into outbox (n, event)
      select n, event from unnest($3::bigint[], $4::text[]) as u (n, event)
      where coalesce((select epoch = $1 and sequence = $2 from position), $1::bigint is null)`,
    values: [
      at?.epoch ?? null,
      at?.sequence ?? null,
      decided.map(({ n }) => n),
      decided.map(({ text }) => text),
    ],
  });
  if (rowCount !== decided.length) throw new PositionLost(at);
}
