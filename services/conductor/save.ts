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

// Rows travel as one JSON text a table, `[[key, row], …]`: arrays of texts would be escaped once more on the way.
const rowsOf = (at: number, columns = "r->>0 as key, r->1 as row"): string =>
  `(select ${columns} from moved, jsonb_array_elements($${at}::jsonb) as r) as u`;

const plainTables: TableName[] = [
  "projects",
  "handlers",
  "bindings",
  "tasks",
  "asks",
  "names",
  "seeds",
  "facts",
];

const savePlain = (table: TableName, index: number): string =>
  `${table}_saved as (insert into ${table} (key, row) select key, row from ${rowsOf(index + 8)}
  on conflict (key) do update set row = excluded.row)`;

// One statement, one round trip, one commit. Everything hangs on `moved`: when somebody else moved the position, it is
// empty and nothing is written.
const statement = `with moved as (
  insert into position (epoch, sequence) values ($3, $4)
  on conflict (singleton) do update set epoch = $3, sequence = $4
    where position.epoch = $1 and position.sequence = $2
  returning 1),
runs_saved as (insert into runs (key, project, name, active, row, pinned)
  select key, row->'scope'->>'project', row->>'name', row->>'status' in ('requested', 'running'), row, pinned
    from ${rowsOf(5, "r->>0 as key, r->1 as row, nullif(r->2, 'null') as pinned")}
  on conflict (key) do update set row = excluded.row, name = excluded.name, active = excluded.active,
    pinned = coalesce(excluded.pinned, runs.pinned)),
cache_saved as (insert into cache (key, project, subproject, capability, epoch, sequence, row)
  select key, row->>'project', row->>'subproject', row->>'capability',
    (row->'position'->>'epoch')::bigint, (row->'position'->>'sequence')::bigint, row
    from ${rowsOf(6)}
  on conflict (key) do update set row = excluded.row, subproject = excluded.subproject,
    epoch = excluded.epoch, sequence = excluded.sequence),
checks_saved as (insert into checks (key, event, row) select key, row->>'event', row from ${rowsOf(7)}
  on conflict (key) do nothing),
${plainTables.map(savePlain).join(",\n")},
decided as (insert into outbox (n, event)
  select (r->>0)::bigint, r->>1 from moved, jsonb_array_elements($${plainTables.length + 8}::jsonb) as r),
gone as (delete from outbox using moved where n = any($${plainTables.length + 9}::bigint[]))
select count(*)::int as moved from moved`;

/**
 * Writes what a batch led to and moves the position, all or nothing.
 * @throws PositionLost when another process moved the position meanwhile; nothing is written then.
 */
export async function saveBatch(pool: pg.Pool, batch: Batch, savedPins: SavedPins): Promise<void> {
  const { from, to, changed, decided, readBack } = batch;
  const plain = (table: TableName): string => JSON.stringify(changed.of(table));
  const values = [
    from?.epoch ?? null,
    from?.sequence ?? null,
    to.epoch,
    to.sequence,
    JSON.stringify(changed.of("runs").map(([, row]) => runColumns(row, savedPins))),
    plain("cache"),
    plain("checks"),
    ...plainTables.map(plain),
    JSON.stringify(decided.map(({ n, text }) => [n, text])),
    readBack,
  ];
  const { rows } = await pool.query<{ moved: number }>({ name: "save-batch", text: statement, values });
  if (rows[0]?.moved !== 1) throw new PositionLost(from);
}

/** Which pinned part of each run is in the database already; it is sent again only when it is another one. */
export type SavedPins = Map<string, unknown>;

function runColumns(run: Run, savedPins: SavedPins): [string, object, unknown] {
  const { pinned, ...row } = { pinned: undefined, ...run };
  const known = savedPins.get(row.id) === pinned;
  savedPins.set(row.id, pinned);
  return [row.id, row, known ? null : (pinned ?? null)];
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
      select (r->>0)::bigint, r->>1 from jsonb_array_elements($3::jsonb) as r
      where coalesce((select epoch = $1 and sequence = $2 from position), $1::bigint is null)`,
    values: [
      at?.epoch ?? null,
      at?.sequence ?? null,
      JSON.stringify(decided.map(({ n, text }) => [n, text])),
    ],
  });
  if (rowCount !== decided.length) throw new PositionLost(at);
}
