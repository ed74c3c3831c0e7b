import { maxEventBytes, type CloudEvent } from "@jackfield/spec/event/envelope";
import { goesOn } from "@jackfield/spec/event/outcome";
import { restBefore } from "./backoff.ts";
import { openAttempt } from "./open-attempt.ts";
import { moved } from "./progress.ts";
import { readAnswer, type Answer } from "./read-answer.ts";
import { unblock } from "./unblock.ts";
import type { Progress, RunningRun } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import type { DoneTask, OpenTask, ReadyTask } from "./tasks.ts";

/**
 * The first answer to an open attempt counts, whoever gave it; any other is late and changes nothing. Then the task
 * is tried again, or it is done and what needed it goes on or is skipped.
 */
export function foldFinished(state: State, entry: Entry): Change[] {
  const open = openAttempt(state, entry.event);
  if (open === undefined) return [];
  const answer = readAnswer(entry.event);
  const again = nextAttempt(open.run, open.task, answer, entry);
  const task = again ?? doneWith(open.task, answer, entry);
  const progress = withAnswer(moved(open.run.progress, open.task, task), task, answer);
  const changes: Change[] = [{ table: "tasks", key: task.id, row: task }];
  const run = { ...open.run, progress };
  if (task.status === "ready") return [...changes, { table: "runs", key: run.id, row: run }];
  return [...changes, ...cacheFilled(run, task, answer), ...followed(state, run, task, entry.event)];
}

function followed(state: State, run: RunningRun, task: DoneTask, finished: CloudEvent): Change[] {
  // After an abort nothing is released; what waits ends with the run.
  if (run.aborted !== undefined) return [{ table: "runs", key: run.id, row: run }];
  return unblock(state, run, task, finished);
}

/** The task before its next attempt, or undefined when this answer is its last word. */
function nextAttempt(
  run: RunningRun,
  task: OpenTask,
  answer: Answer,
  { event, position }: Entry,
): ReadyTask | undefined {
  const handedBack = answer.data.problem?.code === "E_HANDED_BACK";
  const spent = task.spent + (handedBack ? 0 : 1);
  const failed = answer.status === "errored" || answer.status === "timedout";
  if (!failed || answer.data.retry !== true || spent >= task.limits.attempts || run.aborted !== undefined) {
    return undefined;
  }
  const attempt = task.attempt + 1;
  const asked = answer.data.problem?.retryAfterSeconds;
  const restMs = asked === undefined ? restBefore(task.id, attempt) : asked * 1_000;
  const { id, step, capability } = task;
  const head = { id, run: task.run, step, capability };
  const began = { cause: event.id, since: position };
  return { ...head, status: "ready", attempt, spent, ...began, restMs: handedBack ? 0 : restMs };
}

function doneWith(task: OpenTask, answer: Answer, { event, position }: Entry): DoneTask {
  const { id, run, step, capability, attempt, handler, cachekey, parts } = task;
  const { problem, message, outputs, cached = false } = answer.data;
  return {
    id,
    run,
    step,
    capability,
    status: "done",
    outcome: answer.outcome,
    attempt,
    handler,
    finishedid: event.id,
    position,
    cached,
    ...(cachekey !== undefined && { cachekey }),
    ...(parts !== undefined && { parts }),
    ...(problem !== undefined && { problem }),
    ...(message !== undefined && { message }),
    outputs: answer.status === "succeeded" ? { [handler]: outputs ?? {} } : {},
  };
}

function withAnswer(progress: Progress, task: DoneTask | ReadyTask, { data }: Answer): Progress {
  const workSeconds = progress.workSeconds + (data.cached === true ? 0 : (data.workSeconds ?? 0));
  if (task.status === "ready") return { ...progress, workSeconds };
  const { problem, message } = data;
  const because = {
    task: task.id,
    ...(problem !== undefined && { problem }),
    ...(message !== undefined && { message }),
  };
  return {
    ...progress,
    ...(task.capability === "evaluate" && judged(data.outputs ?? {}, task)),
    cached: progress.cached + (task.cached ? 1 : 0),
    workSeconds,
    ...(!goesOn(task.outcome) && progress.because === undefined && { because }),
  };
}

/** What evaluate measured and decided is the run's. */
function judged(outputs: Record<string, unknown>, task: DoneTask): Pick<Progress, "verdict" | "metrics"> {
  const { verdict, metrics } = outputs;
  const numbers = Object.entries(typeof metrics === "object" && metrics !== null ? metrics : {}).filter(
    (pair): pair is [string, number] => typeof pair[1] === "number",
  );
  return {
    ...(numbers.length > 0 && { metrics: Object.fromEntries(numbers) }),
    ...((verdict === "pass" || verdict === "fail" || verdict === "none") && {
      verdict: verdict === "pass" && task.outcome === "warning" ? "warning" : verdict,
    }),
  };
}

/**
 * A verdict is as repeatable as any other answer, so a `fail` is kept too: asked again, it is the same no.
 * What the cache itself answered keeps its first producer.
 */
function cacheFilled(run: RunningRun, task: DoneTask, { status, result, data }: Answer): Change[] {
  const { cachekey, parts, id, capability, position } = task;
  if (cachekey === undefined || parts === undefined || status !== "succeeded" || task.cached) return [];
  // The conductor's own `finished` says a little more around the same outputs, and must still fit.
  if (Buffer.byteLength(JSON.stringify(data)) > maxEventBytes - 4_096) return [];
  const { project, subproject } = run.scope;
  const row = {
    project,
    subproject,
    capability,
    key: cachekey,
    run: run.id,
    runname: run.name,
    task: id,
    result: result ?? ("pass" as const),
    message: data.message,
    outputs: data.outputs ?? {},
    logs: data.logs ?? [],
    parts,
    position,
  };
  return [{ table: "cache", key: cachekey, row }];
}
