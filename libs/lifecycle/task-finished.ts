import { maxEventBytes, type CloudEvent } from "@jackfield/spec/event/envelope";
import { partsOfItem } from "@jackfield/spec/event/ids";
import { goesOn } from "@jackfield/spec/event/outcome";
import { doneWith, nextAttempt } from "./after-answer.ts";
import { foreachOf, withoutItem } from "./foreach.ts";
import { foldJoined } from "./foreach-joined.ts";
import { openAttempt } from "./open-attempt.ts";
import { moved } from "./progress.ts";
import { readAnswer, type Answer } from "./read-answer.ts";
import { unblock } from "./unblock.ts";
import type { Progress, RunningRun } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import type { DoneTask, Task } from "./tasks.ts";

/**
 * The first answer to an open attempt counts, whoever gave it; any other is late and changes nothing. Then the task
 * is tried again, or it is done and what needed it goes on or is skipped.
 */
export function foldFinished(state: State, entry: Entry): Change[] {
  const open = openAttempt(state, entry.event);
  if (open === undefined) return foldJoined(state, entry);
  const answer = readAnswer(entry.event);
  const again = nextAttempt(open.run, open.task, answer, entry);
  if (again === undefined) {
    const to = doneWith(open.task, answer, entry);
    const ended = endTask(state, open.run, { from: open.task, to }, { answer, event: entry.event });
    return [...cacheFilled(open.run, to, answer), ...ended];
  }
  const progress = withWork(moved(open.run.progress, open.task, again), answer);
  return [
    { table: "tasks", key: again.id, row: again },
    { table: "runs", key: open.run.id, row: { ...open.run, progress } },
  ];
}

/** A task has its last word: what needed it goes on or is skipped. */
export function endTask(
  state: State,
  run: RunningRun,
  { from, to }: { from: Task; to: DoneTask },
  { answer, event }: { answer: Answer; event: CloudEvent },
): Change[] {
  const progress = withEnd(withWork(moved(run.progress, from, to), answer), to);
  return [{ table: "tasks", key: to.id, row: to }, ...followed(state, { ...run, progress }, to, event)];
}

function followed(state: State, run: RunningRun, task: DoneTask, finished: CloudEvent): Change[] {
  const parent = foreachOf(state, task.id);
  if (parent !== undefined) {
    return [
      { table: "tasks", key: parent.id, row: withoutItem(parent, task) },
      { table: "runs", key: run.id, row: run },
    ];
  }
  // After an abort nothing is released; what waits ends with the run.
  if (run.aborted !== undefined) return [{ table: "runs", key: run.id, row: run }];
  return unblock(state, run, task, finished);
}

export const withWork = (progress: Progress, { data }: Answer): Progress => ({
  ...progress,
  workSeconds: progress.workSeconds + (data.cached === true ? 0 : (data.workSeconds ?? 0)),
});

function withEnd(progress: Progress, task: DoneTask): Progress {
  const { problem, message } = task;
  const because = {
    task: task.id,
    ...(problem !== undefined && { problem }),
    ...(message !== undefined && { message }),
  };
  return {
    ...progress,
    // What one item of many measured is not what the run measured.
    ...(task.capability === "evaluate" &&
      partsOfItem(task.id) === undefined &&
      judged(task.outputs[task.handler] ?? {}, task)),
    cached: progress.cached + (task.cached ? 1 : 0),
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
export function cacheFilled(run: RunningRun, task: DoneTask, { status, result, data }: Answer): Change[] {
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
