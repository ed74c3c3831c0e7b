import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { taskId } from "@jackfield/spec/event/ids";
import { abortAttempt } from "./finish-in-place.ts";
import type { Entry, State } from "./state.ts";
import { isOpen } from "./tasks.ts";

/**
 * In an aborted run every open attempt is ended in the handler's place, also one whose `triggered` was on its way when
 * the abort came. The handler hears of it at its next question; its own answer is late then.
 */
export function decideAborts(state: State, { event }: Entry, now: string): CloudEvent[] {
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run?.status !== "running" || run.aborted === undefined) return [];
  return run.pinned.workflow.steps
    .map(({ name }) => state.tasks.get(taskId(run.id, name)))
    .filter((task) => task !== undefined && isOpen(task))
    .map((task) => abortAttempt(run, task, now));
}
