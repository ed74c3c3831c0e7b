import { itemTaskId, taskEventId } from "@jackfield/spec/event/ids";
import { foreachCapability } from "@jackfield/spec/project/workflow";
import { foreachHandler, itemAhead, mostAhead } from "./foreach.ts";
import type { RunningRun } from "./runs.ts";
import { asksOf } from "./several.ts";
import type { State } from "./state.ts";
import type { ForeachTask, ReadyTask } from "./tasks.ts";
import type { Askable } from "./trigger-task.ts";

/** Was this event decided already, and not yet read back? */
export type Decided = (id: string) => boolean;

/** The id of the `triggered` that gives a ready task out. */
export function triggeredIdOf(
  run: RunningRun,
  { id: task, capability, attempt, handler: named }: Askable,
): string {
  const bound = named ?? run.pinned.bindings[capability] ?? capability;
  const handler = capability === foreachCapability ? foreachHandler : bound;
  return taskEventId({ task, handler, attempt }, "triggered");
}

/** Is the `triggered` of a ready task on its way into the stream? Then somebody will work on it. */
export const isOnItsWay = (run: RunningRun, task: ReadyTask, decided: Decided): boolean =>
  asksOf(run, task).some((one) => decided(triggeredIdOf(run, one)));

/** Does anybody work on an item of this foreach, or will? */
export function hasWork(state: State, run: RunningRun, parent: ForeachTask, decided: Decided): boolean {
  const atWork = parent.begun.some((index) => {
    const item = state.tasks.get(itemTaskId(parent.id, index));
    if (item?.status === "skipped") return false;
    return item?.status === "ready" ? isOnItsWay(run, item, decided) : true;
  });
  if (atWork) return true;
  const last = Math.min(parent.items, parent.given + mostAhead);
  const ahead = Array.from(
    { length: Math.max(0, last - parent.given) },
    (_, offset) => parent.given + offset,
  );
  return [...parent.gaps, ...ahead].some((index) => {
    const item = itemAhead(run, parent, index);
    return item !== undefined && isOnItsWay(run, item, decided);
  });
}
