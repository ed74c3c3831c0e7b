import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { taskId } from "@jackfield/spec/event/ids";
import { goesOn } from "@jackfield/spec/event/outcome";
import type { Step } from "@jackfield/spec/project/workflow";
import { moved } from "./progress.ts";
import type { RunningRun } from "./runs.ts";
import type { Change, State } from "./state.ts";
import type { DoneTask, Task, WaitingTask } from "./tasks.ts";
import { refusedBy } from "./when.ts";

/**
 * What the end of a task means for the steps that need it: each waits for one less and may be ready, or it is skipped
 * with everything behind it. Answers with the run as it then is, too.
 */
export function unblock(state: State, run: RunningRun, done: DoneTask, finished: CloudEvent): Change[] {
  const skipped = new Map<string, string | undefined>();
  const released: string[] = [];
  for (const step of neededBy(run, done.step)) {
    const answer = mayFollow(run, step, done, finished);
    if (answer.goes) released.push(step.name);
    else skipped.set(step.name, answer.why);
  }
  const behind = [...skipped.keys()].flatMap((name) => [...allBehind(run, name)]);
  for (const name of behind.filter((one) => !skipped.has(one))) skipped.set(name, undefined);
  return replaceTasks(state, run, [...released, ...skipped.keys()], (task) =>
    skipped.has(task.step) ? skip(task, done.id, skipped.get(task.step)) : oneLess(task, done),
  );
}

/**
 * The first need of a step with `when` is asked whatever its outcome; else what passed goes on, and a `fail` whose step
 * says so.
 */
function mayFollow(
  { pinned }: RunningRun,
  step: Step,
  done: DoneTask,
  finished: CloudEvent,
): { goes: boolean; why?: string } {
  if (step.when !== undefined && step.needs[0] === done.step) {
    const why = refusedBy(step, finished);
    return why === undefined ? { goes: true } : { goes: false, why };
  }
  const goesOnAfterFail = pinned.workflow.steps.find(({ name }) => name === done.step)?.onFail === "continue";
  return { goes: goesOn(done.outcome) || (done.outcome === "fail" && goesOnAfterFail) };
}

function oneLess(task: WaitingTask, done: DoneTask): Task {
  const { id, run, step, capability } = task;
  if (task.missing > 1) return { ...task, missing: task.missing - 1 };
  const began = { cause: done.finishedid, since: done.position };
  return { id, run, step, capability, status: "ready", attempt: 1, spent: 0, ...began, restMs: 0 };
}

const skip = (
  { id, run, step, capability }: WaitingTask,
  because: string,
  why: string | undefined,
): Task => ({
  id,
  run,
  step,
  capability,
  status: "skipped",
  because,
  ...(why !== undefined && { why }),
});

const neededBy = (run: RunningRun, step: string): Step[] =>
  run.pinned.workflow.steps.filter(({ needs }) => needs.includes(step));

/** Everything that needs this step, directly or not. */
function allBehind(run: RunningRun, step: string): Set<string> {
  const behind = new Set<string>();
  const next = [step];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    const fresh = neededBy(run, name).filter((one) => !behind.has(one.name));
    for (const one of fresh) behind.add(one.name);
    next.push(...fresh.map((one) => one.name));
  }
  return behind;
}

function replaceTasks(
  state: State,
  run: RunningRun,
  steps: string[],
  next: (task: WaitingTask) => Task,
): Change[] {
  let { progress } = run;
  const changes: Change[] = [];
  for (const step of new Set(steps)) {
    const task = state.tasks.get(taskId(run.id, step));
    if (task?.status !== "waiting") continue;
    const row = next(task);
    progress = moved(progress, task, row);
    changes.push({ table: "tasks", key: row.id, row });
  }
  return [...changes, { table: "runs", key: run.id, row: { ...run, progress } }];
}
