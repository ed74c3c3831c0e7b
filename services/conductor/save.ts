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

/** Where an activation stands. Only the latest one writes, and only from where it left the position. */
export interface Standing {
  position: Position;
  activation: number;
}

export interface Batch {
  from: Standing;
  to: Position;
  changed: ChangedRows;
  decided: OutboxRow[];
  /** Outbox rows whose events were read back. */
  readBack: number[];
}

// Rows travel as one JSON text a table, `[[key, row], …]`: arrays of texts would be escaped once more on the way.
const rowsOf = (at: number, columns = "r->>0 as key, r->1 as row"): string =>
  `(select ${columns} from moved, jsonb_array_elements($${at}::jsonb) as r) as u`;

const savePlain = (table: TableName, at: number): string =>
  `insert into ${table} (key, row) select key, row from ${rowsOf(at)}
  on conflict (key) do update set row = excluded.row`;

/** Tables with columns beside their rows. */
const savers: Partial<Record<TableName, (at: number) => string>> = {
  runs: (at) => `insert into runs (key, project, name, active, row, pinned)
  select key, row->'scope'->>'project', row->>'name', row->>'status' in ('requested', 'running'), row, pinned
    from ${rowsOf(at, "r->>0 as key, r->1 as row, nullif(r->2, 'null') as pinned")}
  on conflict (key) do update set row = excluded.row, name = excluded.name, active = excluded.active,
    pinned = coalesce(excluded.pinned, runs.pinned)`,
  cache: (at) => `insert into cache (key, project, subproject, capability, epoch, sequence, row)
  select key, row->>'project', row->>'subproject', row->>'capability',
    (row->'position'->>'epoch')::bigint, (row->'position'->>'sequence')::bigint, row
    from ${rowsOf(at)}
  on conflict (key) do update set row = excluded.row, subproject = excluded.subproject,
    epoch = excluded.epoch, sequence = excluded.sequence`,
  checks: (at) => `insert into checks (key, event, row) select key, row->>'event', row from ${rowsOf(at)}
  on conflict (key) do nothing`,
};

const firstTable = 8;
const isMine = "epoch = $1 and sequence = $2 and activation = $3";

// One statement, one round trip, one commit. Everything hangs on `moved`: when somebody else took over, it is empty and
// nothing is written. Only tables that changed are in it: each part costs also where it has nothing to do.
const statementFor = (tables: readonly TableName[]): string => `with moved as (
  update position set epoch = $4, sequence = $5 where ${isMine} returning 1),
${tables
  .map((table, index) => {
    const at = firstTable + index;
    return `${table}_saved as (${savers[table]?.(at) ?? savePlain(table, at)}),\n`;
  })
  .join("")}decided as (insert into outbox (n, event)
  select (r->>0)::bigint, r->>1 from moved, jsonb_array_elements($6::jsonb) as r),
gone as (delete from outbox using moved where n = any($7::bigint[]))
select count(*)::int as moved from moved`;

const statements = new Map<string, { name: string; text: string }>();

/** The same few combinations of tables change again and again: each is prepared once. */
function statementOf(tables: readonly TableName[]): { name: string; text: string } {
  const key = tables.join(" ");
  const known = statements.get(key);
  if (known !== undefined) return known;
  const made = { name: `save-batch-${statements.size}`, text: statementFor(tables) };
  statements.set(key, made);
  return made;
}

/**
 * Takes the state over, as it stands when nobody before can write any more; at sequence 0 nothing was read yet.
 * A deposed process may be in the middle of a write: this waits for it.
 */
export async function takeOver(pool: pg.Pool): Promise<Standing> {
  const { rows } = await pool.query<Position & { activation: number }>(
    `insert into position (epoch, sequence, activation) values (0, 0, 1)
     on conflict (singleton) do update set activation = position.activation + 1
     returning epoch, sequence, activation`,
  );
  const [row] = rows;
  if (row === undefined) throw new PositionLost(undefined);
  const { activation, ...position } = row;
  return { position, activation };
}

/**
 * Writes what a batch led to and moves the position, all or nothing.
 * @throws PositionLost when another process took over meanwhile; nothing is written then.
 */
export async function saveBatch(pool: pg.Pool, batch: Batch, savedPins: SavedPins): Promise<void> {
  const { from, to, changed, decided, readBack } = batch;
  const tables = changed.tables();
  const rowsIn = (table: TableName): unknown[] =>
    table === "runs" ? changed.of("runs").map(([, row]) => runColumns(row, savedPins)) : changed.of(table);
  const values = [
    ...standing(from),
    to.epoch,
    to.sequence,
    JSON.stringify(decided.map(({ n, text }) => [n, text])),
    readBack,
    ...tables.map((table) => JSON.stringify(rowsIn(table))),
  ];
  const { rows } = await pool.query<{ moved: number }>({ ...statementOf(tables), values });
  if (rows[0]?.moved !== 1) throw new PositionLost(from.position);
}

const standing = ({ position, activation }: Standing): number[] => [
  position.epoch,
  position.sequence,
  activation,
];

/** Which pinned part of each run is in the database already; it is sent again only when it is another one. */
export type SavedPins = Map<string, unknown>;

function runColumns(run: Run, savedPins: SavedPins): [string, object, unknown] {
  const { pinned, ...row } = { pinned: undefined, ...run };
  const known = savedPins.get(row.id) === pinned;
  savedPins.set(row.id, pinned);
  return [row.id, row, known ? null : (pinned ?? null)];
}

/**
 * Writes decisions that no event led to: clocks, slots. The lock on the row lets nobody take over in the middle.
 * @throws PositionLost
 */
export async function saveDecisions(
  pool: pg.Pool,
  at: Standing,
  decided: readonly OutboxRow[],
): Promise<void> {
  const { rowCount } = await pool.query({
    name: "save-decisions",
    text: `insert into outbox (n, event)
      select (r->>0)::bigint, r->>1
      from (select from position where ${isMine} for share) as mine, jsonb_array_elements($4::jsonb) as r`,
    values: [...standing(at), JSON.stringify(decided.map(({ n, text }) => [n, text]))],
  });
  if (rowCount !== decided.length) throw new PositionLost(at.position);
}
