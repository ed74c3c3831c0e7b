import { taskId } from "@jackfield/spec/event/ids";
import { moved } from "./progress.ts";
import type { RunningRun } from "./runs.ts";
import type { Change, State } from "./state.ts";
import type { DoneTask, Task, WaitingTask } from "./tasks.ts";

/** The tasks that wait for this one wait for one less, or are ready. Answers with the run as it then is, too. */
export const releaseNeeds = (state: State, run: RunningRun, done: DoneTask): Change[] =>
  replaceTasks(state, run, neededBy(run, done.step), (task) => {
    const { id, step, capability } = task;
    if (task.missing > 1) return { ...task, missing: task.missing - 1 };
    const head = { id, run: task.run, step, capability };
    const began = { cause: done.finishedid, since: done.position };
    return { ...head, status: "ready", attempt: 1, spent: 0, ...began, restMs: 0 };
  });

/** Everything behind this task, directly or not, has nothing to do any more. */
export function skipNeeds(state: State, run: RunningRun, done: DoneTask): Change[] {
  const behind = new Set<string>();
  const next = [done.step];
  for (let step = next.pop(); step !== undefined; step = next.pop()) {
    const fresh = neededBy(run, step).filter((name) => !behind.has(name));
    for (const name of fresh) behind.add(name);
    next.push(...fresh);
  }
  return replaceTasks(state, run, [...behind], ({ id, step, capability }) => ({
    id,
    run: run.id,
    step,
    capability,
    status: "skipped",
    because: done.id,
  }));
}

const neededBy = (run: RunningRun, step: string): string[] =>
  run.pinned.workflow.steps.filter(({ needs }) => needs.includes(step)).map(({ name }) => name);

function replaceTasks(
  state: State,
  run: RunningRun,
  steps: string[],
  next: (task: WaitingTask) => Task,
): Change[] {
  let { progress } = run;
  const changes: Change[] = [];
  for (const step of steps) {
    const task = state.tasks.get(taskId(run.id, step));
    if (task?.status !== "waiting") continue;
    const row = next(task);
    progress = moved(progress, task, row);
    changes.push({ table: "tasks", key: row.id, row });
  }
  return [...changes, { table: "runs", key: run.id, row: { ...run, progress } }];
}
