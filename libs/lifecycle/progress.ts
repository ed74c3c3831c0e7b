import type { Outcome } from "@jackfield/spec/event/outcome";
import type { Progress } from "./runs.ts";
import type { Task } from "./tasks.ts";

export const noProgress: Progress = {
  waiting: 0,
  ready: 0,
  running: 0,
  skipped: 0,
  done: {},
  cached: 0,
  workSeconds: 0,
};

type Counted = "waiting" | "ready" | "running" | "skipped";
const counterOf: Record<Exclude<Task["status"], "done">, Counted> = {
  waiting: "waiting",
  ready: "ready",
  triggered: "running",
  started: "running",
  expanded: "running",
  asked: "running",
  skipped: "skipped",
};

/** Counts a task out of its old state and into its new one. */
export function moved(progress: Progress, from: Task | undefined, to: Task): Progress {
  const next = { ...progress, done: { ...progress.done } };
  if (from !== undefined) count(next, from, -1);
  count(next, to, 1);
  return next;
}

function count(progress: Progress, task: Task, by: number): void {
  if (task.status === "done") progress.done[task.outcome] = (progress.done[task.outcome] ?? 0) + by;
  else progress[counterOf[task.status]] += by;
}

/** Tasks that may still do something. */
export const openTasks = ({ waiting, ready, running }: Progress): number => waiting + ready + running;

/** Tasks that came into being: of a foreach the items that were given out. */
export const allTasks = (progress: Progress): number =>
  openTasks(progress) +
  progress.skipped +
  Object.values(progress.done).reduce((sum, count) => sum + count, 0);

export const outcomesOf = ({ done }: Progress): Outcome[] =>
  (Object.keys(done) as Outcome[]).filter((outcome) => (done[outcome] ?? 0) > 0);
