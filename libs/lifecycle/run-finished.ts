import { runFinished } from "@jackfield/spec/facts/run";
import { factId, taskId } from "@jackfield/spec/event/ids";
import { attributesOf, worstOf, type Outcome } from "@jackfield/spec/event/outcome";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { allTasks, moved, openTasks, outcomesOf } from "./progress.ts";
import { isOnItsWay, type Decided } from "./on-its-way.ts";
import { ownCause, runEvent } from "./own-event.ts";
import type { FinishedRun, RunningRun } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import type { Task } from "./tasks.ts";

/** The end of a run, when this event left nothing to do in it. */
export function decideEnd(state: State, { event }: Entry, now: string, decided: Decided): CloudEvent[] {
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run?.status !== "running") return [];
  const over = run.aborted === undefined ? openTasks(run.progress) === 0 : isStill(state, run, decided);
  return over ? [finishedEvent(run, event.id, now)] : [];
}

/** After an abort: nobody works, and no `triggered` is on its way that somebody would work on. */
const isStill = (state: State, run: RunningRun, decided: Decided): boolean =>
  run.progress.running === 0 &&
  run.pinned.workflow.steps.every(({ name }) => {
    const task = state.tasks.get(taskId(run.id, name));
    return task?.status !== "ready" || !isOnItsWay(run, task, decided);
  });

function finishedEvent(run: RunningRun, cause: string, now: string): CloudEvent {
  const { progress } = run;
  const outcome = outcomeOfRun(run);
  const event = runEvent(run, ownCause(cause), {
    type: runFinished.type,
    id: factId(run.id, 1, "finished"),
    subject: run.id,
    now,
    data: {
      outcome,
      verdict: progress.verdict ?? "none",
      tasks: { total: allTasks(progress), cached: progress.cached },
      ...(outcome !== "pass" && progress.because !== undefined && { because: progress.because }),
      ...(progress.metrics !== undefined && { metrics: progress.metrics }),
      workSeconds: Math.round(progress.workSeconds * 1_000) / 1_000,
    },
  });
  return { ...event, workflow: run.pinned.workflow.name, ...attributesOf(outcome) };
}

const outcomeOfRun = (run: RunningRun): Outcome =>
  run.aborted === undefined ? worstOf(outcomesOf(run.progress)) : "aborted";

/** The run is over, for good; what had not begun will not. */
export function foldRunFinished(state: State, { event }: Entry): Change[] {
  const said = runFinished.data.safeParse(event.data);
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run?.status !== "running" || !said.success) return [];
  const { id, name, scope, correlationid, cause, traceparent, pinned, steers } = run;
  let { progress } = run;
  const left = notBegun(state, run).map((task): Change => {
    const { id: key, step, capability } = task;
    const skipped: Task = { id: key, run: id, step, capability, status: "skipped", because: id };
    progress = moved(progress, task, skipped);
    return { table: "tasks", key, row: skipped };
  });
  const row: FinishedRun = {
    id,
    name,
    scope,
    correlationid,
    cause,
    ...(traceparent !== undefined && { traceparent }),
    status: "finished",
    pinned,
    progress,
    steers,
    outcome: said.data.outcome,
  };
  return [{ table: "runs", key: id, row }, ...left];
}

/** Tasks that an abort kept from beginning. */
const notBegun = (state: State, run: RunningRun): Task[] =>
  run.pinned.workflow.steps
    .map(({ name }) => state.tasks.get(taskId(run.id, name)))
    .filter((task) => task?.status === "waiting" || task?.status === "ready");
