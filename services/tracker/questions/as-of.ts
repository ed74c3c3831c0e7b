import type { Database } from "@jackfield/postgres/database";
import { openShadow, type Shadow } from "@jackfield/postgres/shadow";
import { Problem } from "@jackfield/problem/problem";
import type { run, runs } from "@jackfield/spec/ask/tracker";
import { comparePositions, type Position } from "@jackfield/spec/event/position";
import { sql } from "kysely";
import type { z } from "zod";
import { ProjectionsFold } from "../fold-projections.ts";
import { keptAfter } from "../rebuild.ts";
import { tablesOf, type Db } from "../tables.ts";
import { beyond, cursorOf, inOrder } from "./page.ts";
import { runOf } from "./refs.ts";
import { runAsTree } from "./run.ts";
import { runsMatching } from "./runs.ts";

/** Folded again for one answer: more would take longer than anybody waits. */
const mostEvents = 100_000;
/** A filter looks at so many runs, the newest of that time. */
const mostRuns = 500;

/** A run as it was at an instant: its events up to there, folded as they were when they came. @throws E_NOT_FOUND, E_TOO_FAR */
export async function runAsOf(
  database: Database,
  { ref, project, at }: z.output<typeof run.input> & { at: string },
): Promise<z.input<typeof run.answer>> {
  const db = tablesOf(database);
  const end = await lastBefore(db, at);
  const { run: id } = await runOf(db, ref, project);
  return foldedAgain(database, [id], end, (then) => runAsTree(then, { ref: id }));
}

/** Runs as they were at an instant: the newest that had begun by then. @throws E_NOT_FOUND, E_TOO_FAR */
export async function runsAsOf(
  database: Database,
  { at, ...asked }: z.output<typeof runs.input> & { at: string },
): Promise<z.input<typeof runs.answer>> {
  const db = tablesOf(database);
  const end = await lastBefore(db, at);
  const chosen = await begunBefore(db, asked, end);
  return foldedAgain(database, chosen, end, (then) => runsMatching(then, asked));
}

/** The last event that the stream had taken by then. */
async function lastBefore(db: Db, at: string): Promise<Position> {
  const found = await db
    .selectFrom("events")
    .select(["epoch", "sequence"])
    .where("at", "<=", new Date(at))
    .orderBy(inOrder("epoch, sequence", "newest"))
    .limit(1)
    .executeTakeFirst();
  if (found !== undefined) return found;
  throw new Problem("E_NOT_FOUND", `Nothing had happened by ${at}.`, { why: "the log begins later" });
}

// Where a run began never changes, so who had begun by then may be asked of the state of now.
async function begunBefore(
  db: Db,
  { project, subproject, cursor, limit = mostRuns, filter }: z.output<typeof runs.input>,
  end: Position,
): Promise<string[]> {
  const from = cursorOf(cursor);
  const before =
    from !== undefined && comparePositions(from, end) < 0 ? from : { ...end, sequence: end.sequence + 1 };
  const found = await db
    .selectFrom("runs")
    .select("run")
    .where(beyond("started_epoch, started_sequence", before, "newest"))
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .$if(subproject !== undefined, (query) => query.where("subproject", "=", subproject ?? ""))
    .orderBy(inOrder("started_epoch, started_sequence", "newest"))
    .limit(filter === undefined ? limit + 1 : mostRuns)
    .execute();
  return found.map(({ run: id }) => id);
}

/** Folds what these runs had said by then into empty tables, and asks there. */
async function foldedAgain<Answer>(
  database: Database,
  chosen: readonly string[],
  end: Position,
  ask: (db: Db) => Promise<Answer>,
): Promise<Answer> {
  const tables = ["events", "runs", "attempts", "late", "metrics", "artifacts", "lineage", "types"];
  await using shadow = await openShadow(database, tables);
  await copyEvents(shadow, database.schema, chosen, end);
  const db = tablesOf(shadow);
  const fold = new ProjectionsFold(shadow.pool);
  for (let from: Position = { epoch: 0, sequence: 0 }; comparePositions(from, end) < 0;) {
    const { entries, upTo } = await keptAfter(db, from, end);
    await fold.onBatch(entries);
    from = upTo;
  }
  // Awaited here: the copies go when this function ends.
  return await ask(db);
}

async function copyEvents(
  { kysely }: Shadow,
  schema: string,
  chosen: readonly string[],
  { epoch, sequence }: Position,
): Promise<void> {
  const { numAffectedRows = 0n } = await sql`
    insert into events select * from ${sql.id(schema, "events")}
    where run = any(${chosen}::text[]) and (epoch, sequence) <= (${epoch}, ${sequence})
    limit ${mostEvents + 1}`.execute(kysely);
  if (numAffectedRows <= BigInt(mostEvents)) return;
  throw new Problem("E_TOO_FAR", `These runs had said more than ${mostEvents} events by then.`, {
    why: "what was true at a time is folded again from the log for each answer",
    next: "ask for fewer: show one run, or ls runs --limit",
  });
}
