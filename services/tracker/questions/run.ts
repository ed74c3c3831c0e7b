import { printJson } from "@jackfield/events/json-text";
import type { run, taskRow } from "@jackfield/spec/ask/tracker";
import { partsOfTask } from "@jackfield/spec/event/ids";
import { outcomeOf, type Outcome } from "@jackfield/spec/event/outcome";
import { finishedData, progressedData, triggeredData } from "@jackfield/spec/event/task";
import { sql } from "kysely";
import { z } from "zod";
import type { Db } from "../tables.ts";
import { eventIn } from "./events.ts";
import { maxAnswerBytes } from "./page.ts";
import { runOf } from "./refs.ts";
import { describeRuns, type StoredRun } from "./runs.ts";
import { speakerOf, type Heard } from "./speaker.ts";

type TaskRow = z.input<typeof taskRow>;
type AttemptRow = TaskRow["attempts"][number];

const mostAttempts = 500;

/**
 * One run as a tree. It shows the first 500 attempts, and leaves out inputs and outputs where the answer would become too
 * large for one message; all of it is in the events of the run.
 */
export async function runAsTree(
  db: Db,
  { ref, project }: z.output<typeof run.input>,
): Promise<z.input<typeof run.answer>> {
  const stored = await runOf(db, ref, project);
  const [row] = await describeRuns(db, [stored]);
  if (row === undefined) throw new Error(`the run ${stored.run} is gone`);
  const pinned = await pinnedBy(db, stored);
  const attempts = await attemptsOf(db, stored.run);
  return {
    run: row,
    pinned,
    tasks: withinAnswer(tasksOf(attempts, pinned), Buffer.byteLength(printJson(pinned))),
  };
}

/** What `run.started` says, but for the name. */
async function pinnedBy(db: Db, stored: StoredRun): Promise<Record<string, unknown>> {
  const started = await db
    .selectFrom("events")
    .select("body")
    .where("epoch", "=", stored.started_epoch ?? 0)
    .where("sequence", "=", stored.started_sequence ?? 0)
    .executeTakeFirst();
  return z
    .record(z.string(), z.unknown())
    .catch({})
    .parse(started === undefined ? {} : eventIn(started.body).data);
}

// A stranger's event may break its contract in one field; the others are shown all the same.
const asked = z.object({
  inputs: triggeredData.shape.inputs.optional().catch(undefined),
  handlerversion: triggeredData.shape.handlerversion.optional().catch(undefined),
});
const answered = z.object({
  outputs: finishedData.shape.outputs.catch(undefined),
  producedby: finishedData.shape.producedby.catch(undefined),
  logs: finishedData.shape.logs.catch(undefined),
  message: finishedData.shape.message.catch(undefined),
  problem: finishedData.shape.problem.catch(undefined),
});
const told = z.object({
  fraction: progressedData.shape.fraction.catch(undefined),
  message: progressedData.shape.message.catch(undefined),
});

const storedAttempt = z.object({
  task: z.string(),
  capability: z.string(),
  handler: z.string(),
  role: z.enum(["primary", "shadow"]).catch("primary"),
  attempt: z.number(),
  triggered_at: z.date(),
  started_at: z.date().nullable(),
  finished_at: z.date().nullable(),
  finished_epoch: z.coerce.number().nullable(),
  finished_sequence: z.coerce.number().nullable(),
  cached: z.boolean().nullable(),
  triggered: z.string(),
  progressed: z.string().nullable(),
  finished: z.string().nullable(),
});

type StoredAttempt = z.output<typeof storedAttempt>;

/** Attempts in the order in which they were triggered, with the events they point to. */
async function attemptsOf(db: Db, run: string): Promise<StoredAttempt[]> {
  const { rows } = await sql`
    select attempts.*, triggered.body as triggered, progressed.body as progressed, finished.body as finished
    from attempts
      join events triggered on (triggered.epoch, triggered.sequence) = (triggered_epoch, triggered_sequence)
      left join events progressed on (progressed.epoch, progressed.sequence) = (progressed_epoch, progressed_sequence)
      left join events finished on (finished.epoch, finished.sequence) = (finished_epoch, finished_sequence)
    where triggeredid >= ${`${run}/`} and triggeredid < ${`${run}0`}
    order by triggered_epoch, triggered_sequence limit ${mostAttempts}`.execute(db);
  return storedAttempt.array().parse(rows);
}

function tasksOf(attempts: readonly StoredAttempt[], pinned: unknown): TaskRow[] {
  const byTask = new Map<string, StoredAttempt[]>();
  for (const attempt of attempts) byTask.set(attempt.task, [...(byTask.get(attempt.task) ?? []), attempt]);
  return [...byTask].flatMap(([task, ofTask]) => {
    const spoken = speakerOf(task, ofTask.map(heard), pinned);
    return spoken === undefined ? [] : [taskBy(spoken.speaker.stored, spoken.outcome, ofTask)];
  });
}

function heard(stored: StoredAttempt): Heard & { stored: StoredAttempt } {
  const { handler, role, finished_epoch: epoch, finished_sequence: sequence } = stored;
  const { outcome } = finishOf(stored);
  const answered = outcome !== undefined && epoch !== null && sequence !== null;
  return { handler, role, stored, ...(answered && { answered: { outcome, position: { epoch, sequence } } }) };
}

function taskBy(
  speaker: StoredAttempt,
  outcome: Outcome | undefined,
  all: readonly StoredAttempt[],
): TaskRow {
  const { inputs } = asked.catch({}).parse(eventIn(speaker.triggered).data);
  const { outputs, producedby, logs = [] } = finishOf(speaker).data;
  const begun = all.some(({ role, started_at: started }) => role === "primary" && started !== null);
  return {
    task: speaker.task,
    step: partsOfTask(speaker.task).step,
    capability: speaker.capability,
    state: outcome ?? (begun ? "started" : "triggered"),
    cached: speaker.cached ?? false,
    ...(producedby !== undefined && { producedby }),
    ...(inputs !== undefined && { inputs }),
    ...(outputs !== undefined && { outputs }),
    logs,
    attempts: all.map(attemptRow),
  };
}

function finishOf({ finished }: StoredAttempt) {
  if (finished === null) return { data: {} as z.output<typeof answered> };
  const { status = "errored", result, data } = eventIn(finished);
  return { status, result, outcome: outcomeOf(status, result), data: answered.catch({}).parse(data) };
}

function attemptRow(attempt: StoredAttempt): AttemptRow {
  const { handlerversion } = asked.catch({}).parse(eventIn(attempt.triggered).data);
  const { status, result, data } = finishOf(attempt);
  const { message, problem } = data;
  return {
    attempt: attempt.attempt,
    handler: attempt.handler,
    role: attempt.role,
    triggeredAt: attempt.triggered_at.toISOString(),
    ...(handlerversion !== undefined && { handlerversion }),
    ...(attempt.started_at !== null && { startedAt: attempt.started_at.toISOString() }),
    ...(attempt.finished_at !== null && { finishedAt: attempt.finished_at.toISOString() }),
    ...(status !== undefined && { status }),
    ...(result !== undefined && { result }),
    ...(message !== undefined && { message }),
    ...(problem !== undefined && { problem }),
    ...(attempt.progressed !== null && { progress: progressIn(attempt.progressed) }),
  };
}

function progressIn(body: string): NonNullable<AttemptRow["progress"]> {
  const { fraction, message } = told.catch({}).parse(eventIn(body).data);
  return { ...(fraction !== undefined && { fraction }), ...(message !== undefined && { message }) };
}

function withinAnswer(tasks: readonly TaskRow[], taken: number): TaskRow[] {
  let bytes = taken;
  const fits = (task: TaskRow): boolean => {
    const size = sizeOf(task);
    if (bytes + size > maxAnswerBytes) return false;
    bytes += size;
    return true;
  };
  return tasks.flatMap((task) => {
    if (fits(task)) return [task];
    const { inputs: _inputs, outputs: _outputs, ...short } = task;
    return fits(short) ? [short] : [];
  });
}

const sizeOf = (task: TaskRow): number => Buffer.byteLength(printJson(task));
