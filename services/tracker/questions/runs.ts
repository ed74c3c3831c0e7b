import type { runRow, runs } from "@jackfield/spec/ask/tracker";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { matches, parseFilter } from "@jackfield/cesql/filter";
import { outcome } from "@jackfield/spec/event/outcome";
import type { Position } from "@jackfield/spec/event/position";
import { sql, type Selectable } from "kysely";
import type { z } from "zod";
import type { Db, Tables } from "../tables.ts";
import { beyond, cursorOf, defaultPage, inOrder, readPage } from "./page.ts";

export type RunRow = z.input<typeof runRow>;
export type StoredRun = Selectable<Tables["runs"]>;

/** Runs, the newest first, with their metrics; a page at a time. */
export async function runsMatching(
  db: Db,
  asked: z.output<typeof runs.input>,
): Promise<z.input<typeof runs.answer>> {
  const filter = parseFilter(asked.filter ?? "");
  const { rows, next } = await readPage<RunAt>({
    limit: asked.limit ?? defaultPage,
    cursor: cursorOf(asked.cursor),
    read: async (cursor, most) => {
      const stored = await storedRuns(db, asked, cursor, most);
      const read = (await describeRuns(db, stored)).map((row, index) => ({
        row,
        at: startOf(stored[index]),
      }));
      const last = read.at(-1);
      const found = read.filter(({ row }) => matches(filter, asEvent(row)));
      return { rows: found, next: last === undefined || read.length < most ? "end" : last.at };
    },
    positionOf: ({ at }) => at,
    bytesOf: ({ row }) => JSON.stringify(row).length,
  });
  return { runs: rows.map(({ row }) => row), ...(next !== undefined && { next }) };
}

interface RunAt {
  row: RunRow;
  at: Position;
}

const place = "started_epoch, started_sequence";

const storedRuns = (
  db: Db,
  { project, subproject }: z.output<typeof runs.input>,
  cursor: Position | undefined,
  most: number,
): Promise<StoredRun[]> =>
  db
    .selectFrom("runs")
    .selectAll()
    .where("started_epoch", "is not", null)
    .where(beyond(place, cursor, "newest"))
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .$if(subproject !== undefined, (query) => query.where("subproject", "=", subproject ?? ""))
    .orderBy(inOrder(place, "newest"))
    .limit(most)
    .execute();

const startOf = (run: StoredRun | undefined): Position => ({
  epoch: run?.started_epoch ?? 0,
  sequence: run?.started_sequence ?? 0,
});

/** A filter on runs: a word is a glob over names; keys are the columns of `ls runs` and the names of metrics. */
function asEvent({ metrics, tasks, runname, state, ...row }: RunRow): CloudEvent {
  const judged = outcome.safeParse(state);
  return {
    ...metrics,
    ...row,
    ...tasks,
    specversion: "1.0",
    id: row.run,
    source: "-",
    type: runname,
    runname,
    state,
    ...(judged.success && { status: statusOf(judged.data), result: resultOf(judged.data) }),
  };
}

type Outcome = z.output<typeof outcome>;
const resultOf = (judged: Outcome): CloudEvent["result"] =>
  judged === "pass" || judged === "warning" || judged === "fail" ? judged : undefined;
const statusOf = (judged: Outcome): CloudEvent["status"] =>
  judged === "errored" || judged === "timedout" || judged === "aborted" ? judged : "succeeded";

/** Rows of runs → as people see them: with metrics, and with counts of the tasks so far while they run. */
export async function describeRuns(db: Db, stored: readonly StoredRun[]): Promise<RunRow[]> {
  const ids = stored.map(({ run }) => run);
  const unfinished = stored.filter(({ tasks }) => tasks === null).map(({ run }) => run);
  const [metrics, counts] = [await metricsOf(db, ids), await tasksSoFar(db, unfinished)];
  return stored.map((run) => describe(run, metrics.get(run.run) ?? {}, counts.get(run.run)));
}

interface TaskCounts {
  total: number;
  cached: number;
}

// What is written there comes from contracts; the answer is checked against its own before it leaves.
const describe = (
  run: StoredRun,
  metrics: Record<string, number>,
  soFar: TaskCounts | undefined,
): RunRow => ({
  run: run.run,
  runname: run.runname ?? "",
  project: run.project ?? "",
  ...(run.subproject !== null && { subproject: run.subproject }),
  workflow: run.workflow ?? "",
  state: (run.state ?? "running") as RunRow["state"],
  ...(run.verdict !== null && { verdict: run.verdict as NonNullable<RunRow["verdict"]> }),
  startedAt: (run.started_at ?? new Date(0)).toISOString(),
  ...(run.finished_at !== null && { finishedAt: run.finished_at.toISOString() }),
  ...(run.correlationid !== null && { correlationid: run.correlationid }),
  metrics,
  tasks:
    run.tasks === null
      ? { total: soFar?.total ?? 0, cached: soFar?.cached ?? 0 }
      : { total: run.tasks, cached: run.cached ?? 0 },
});

async function metricsOf(db: Db, runs: string[]): Promise<Map<string, Record<string, number>>> {
  const byRun = new Map<string, Record<string, number>>();
  if (runs.length === 0) return byRun;
  const rows = await db
    .selectFrom("metrics")
    .selectAll()
    .where("run", "=", sql<string>`any(${runs})`)
    .execute();
  for (const { run, name, value } of rows) byRun.set(run, { ...byRun.get(run), [name]: value });
  return byRun;
}

/** Ids of attempts begin with their run, and `0` is the sign after `/`. */
async function tasksSoFar(db: Db, runs: string[]): Promise<Map<string, TaskCounts>> {
  if (runs.length === 0) return new Map();
  const { rows } = await sql<TaskCounts & { run: string }>`
    select run, count(distinct task) as total, count(*) filter (where cached) as cached
    from unnest(${runs}::text[]) as asked (run)
      join attempts on triggeredid >= run || '/' and triggeredid < run || '0'
    group by run`.execute(db);
  return new Map(rows.map(({ run, total, cached }) => [run, { total, cached }]));
}
