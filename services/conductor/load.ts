import type pg from "pg";
import type { Run } from "@jackfield/lifecycle/runs";
import type { CacheEntry, Check, Tables } from "@jackfield/lifecycle/state";
import type { Task } from "@jackfield/lifecycle/tasks";
import type { TableName } from "./changed-rows.ts";
import type { OutboxRow } from "./save.ts";

/** A row as it lies in the database; only `save.ts` wrote it, so it is what its table says. */
export interface Loaded<Name extends TableName = TableName> {
  table: Name;
  key: string;
  row: Tables[Name];
}

interface Stored {
  table: TableName;
  key: string;
  row: object;
  pinned?: object | null;
}

const restored = ({ table, key, row, pinned }: Stored): Loaded => ({
  table,
  key,
  // What was written from a row is a row; between lies JSON.
  row: (pinned === undefined || pinned === null ? row : { ...row, pinned }) as Tables[TableName],
});

/** Rows by key, of several tables at once. */
export async function loadRows(
  pool: pg.Pool,
  wanted: ReadonlyMap<TableName, ReadonlySet<string>>,
): Promise<Loaded[]> {
  const tables = [...wanted].filter(([, keys]) => keys.size > 0);
  const parts = tables.map(
    ([table], index) =>
      `select '${table}' as "table", key, row, ${table === "runs" ? "pinned" : "null::jsonb"} as pinned
       from ${table} where key = any($${index + 1})`,
  );
  const values = tables.map(([, keys]) => [...keys]);
  const name = `load ${tables.map(([table]) => table).join(" ")}`;
  const { rows } = await pool.query<Stored>({ name, text: parts.join(" union all "), values });
  return rows.map(restored);
}

/**
 * What is held in memory from the start: projects, handlers, bindings, capabilities, active runs and their unfinished tasks, and what is
 * asked beside them. What became ready first comes first.
 */
export async function loadActive(pool: pg.Pool): Promise<Loaded[]> {
  const { rows } = await pool.query<Stored>(
    `with steps as (
       select tasks.key, tasks.row from runs
         cross join jsonb_array_elements(runs.pinned->'workflow'->'steps') as step
         join tasks on tasks.key = runs.key || '/' || (step->>'name')
         where runs.active and tasks.row->>'status' in ('waiting', 'ready', 'triggered', 'started', 'asked', 'expanded'))
     select * from (
       select 'projects' as "table", key, row, null::jsonb as pinned from projects
       union all select 'handlers', key, row, null from handlers
       union all select 'bindings', key, row, null from bindings
       union all select 'capabilities', key, row, null from capabilities
       union all select 'runs', key, row, pinned from runs where active
       union all select 'tasks', key, row, null from steps
       union all select 'tasks', tasks.key, tasks.row, null from steps
         cross join jsonb_array_elements_text(steps.row->'begun') as item
         join tasks on tasks.key = steps.key || '/@' || item
       union all select 'asks', key, row, null from asks where row->>'status' in ('ready', 'triggered', 'started')
     ) as held order by (row->'since'->>'epoch')::bigint, (row->'since'->>'sequence')::bigint, key`,
  );
  return rows.map(restored);
}

export async function loadOutbox(pool: pg.Pool): Promise<OutboxRow[]> {
  const { rows } = await pool.query<OutboxRow>("select n, event as text from outbox order by n");
  return rows;
}

/** Tasks by id, in no order. */
export async function tasksByKey(pool: pg.Pool, ids: readonly string[]): Promise<Task[]> {
  const { rows } = await pool.query<{ row: Task }>("select row from tasks where key = any($1)", [ids]);
  return rows.map(({ row }) => row);
}

/** Runs by id or by name; of one project, or of all. */
export async function runsCalled(pool: pg.Pool, ref: string, project: string | undefined): Promise<Run[]> {
  const { rows } = await pool.query<Stored>(
    `select 'runs' as "table", key, row, pinned from runs
     where (key = $1 or name = $1) and ($2::text is null or project = $2) limit 20`,
    [ref, project ?? null],
  );
  return rows.map((stored) => restored(stored).row as Run);
}

/** Runs of a story that are not over, by id. */
export async function activeInStory(pool: pg.Pool, correlationid: string): Promise<string[]> {
  const { rows } = await pool.query<{ key: string }>(
    "select key from runs where active and row->>'correlationid' = $1 order by key limit 10000",
    [correlationid],
  );
  return rows.map(({ key }) => key);
}

/** The newest answers that were kept for a capability in a project. */
export async function newestKept(pool: pg.Pool, project: string, capability: string): Promise<CacheEntry[]> {
  const { rows } = await pool.query<{ row: CacheEntry }>(
    "select row from cache where project = $1 and capability = $2 order by epoch desc, sequence desc limit 50",
    [project, capability],
  );
  return rows.map(({ row }) => row);
}

export async function checkOfEvent(pool: pg.Pool, event: string): Promise<Check | undefined> {
  const { rows } = await pool.query<{ row: Check }>("select row from checks where event = $1 limit 1", [
    event,
  ]);
  return rows[0]?.row;
}
