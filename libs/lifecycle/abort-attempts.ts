import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { taskId } from "@jackfield/spec/event/ids";
import { abortAttempt } from "./finish-in-place.ts";
import { isAborted } from "./runs.ts";
import type { Entry, State } from "./state.ts";
import { isOpen } from "./tasks.ts";

/**
 * In an aborted run every open attempt is ended in the handler's place, also one whose `triggered` was on its way when
 * the abort came. The handler hears of it at its next question; its own answer is late then.
 */
export function decideAborts(state: State, { event }: Entry, now: string): CloudEvent[] {
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run === undefined || run.status === "refused" || !isAborted(run)) return [];
  const tasks = run.pinned.workflow.steps
    .map(({ name }) => (run.status === "running" ? state.tasks.get(taskId(run.id, name)) : undefined))
    .filter((task) => task !== undefined && isOpen(task));
  // Nothing waits for these, so they may be open when the run is over.
  const asks = [...state.asks.values()].filter(isOpen).filter((ask) => ask.run === run.id);
  return [...tasks, ...asks].map((open) => abortAttempt(run, open, now));
}
