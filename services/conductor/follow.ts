import { findHandler, handlerKey } from "@jackfield/lifecycle/handlers";
import type { Change, State } from "@jackfield/lifecycle/state";
import type { Task } from "@jackfield/lifecycle/tasks";
import { triggeredData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { AtWork, Taken } from "./at-work.ts";

interface Following {
  state: State;
  atWork: AtWork;
  wake(afterMs: number): void;
}

/** Keeps what only the active process knows (slots, clocks, who waits) in step with the rows. */
export function followChange(following: Following, change: Change): void {
  if (change.table === "cache") following.atWork.askAgain(change.row.key);
  if (change.table !== "tasks") return;
  const task = change.row;
  following.atWork.follow(task, performance.now(), () => ownerOf(following, task));
  if (task.status === "ready" && task.restMs > 0) following.wake(task.restMs);
}

function ownerOf({ state }: Pick<Following, "state">, task: Task): Taken {
  const project = state.runs.get(task.run)?.scope.project ?? "";
  const open = task.status === "triggered" || task.status === "started" ? task : undefined;
  const handler = open?.handler ?? "";
  const place = { run: task.run, project, capability: task.capability, handler };
  return { ...place, slots: slotsOf(state, project, handler), key: open?.cachekey };
}

/** The slot that a `triggered` takes which was decided and not read back; undefined when nobody works on it. */
export function takenBy({ state }: Pick<Following, "state">, event: CloudEvent): Taken | undefined {
  const { handler, run, project } = event;
  const type = parseType(event.type);
  if (type?.predicate !== "triggered" || handler === undefined) return undefined;
  const data = triggeredData.safeParse(event.data).data;
  if (data === undefined || data.cached === true || run === undefined || project === undefined)
    return undefined;
  const place = { run, project, capability: type.subject, handler };
  return { ...place, slots: slotsOf(state, project, handler), key: data.cachekey };
}

const slotsOf = (state: State, project: string, handler: string): string =>
  findHandler(state, project, handler)?.key ?? handlerKey(null, handler);
