import { askKey, type Ask } from "@jackfield/lifecycle/asks";
import { findHandler, handlerKey } from "@jackfield/lifecycle/handlers";
import { handlersOf } from "@jackfield/lifecycle/several";
import type { Change, State } from "@jackfield/lifecycle/state";
import { isOpen, type Task } from "@jackfield/lifecycle/tasks";
import { triggeredData } from "@jackfield/spec/event/task";
import { partsOfTask } from "@jackfield/spec/event/ids";
import { parseType } from "@jackfield/spec/event/type";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { AtWork, Taken } from "./at-work.ts";
import type { Unfolding } from "./unfold.ts";

interface Following {
  state: State;
  atWork: AtWork;
  unfolding: Unfolding;
  wake(afterMs: number): void;
}

/** Keeps what only the active process knows (slots, clocks, who waits) in step with the rows. */
export function followChange(following: Following, change: Change): void {
  if (change.table === "cache") following.atWork.askAgain(change.row.key);
  if (change.table === "tasks") {
    following.unfolding.follow(change.row);
    followRow(following, change.row.id, change.row);
  }
  if (change.table === "asks") followRow(following, askKey(change.row.id, change.row.handler), change.row);
}

function followRow(following: Following, key: string, row: Task | Ask): void {
  following.atWork.follow(key, row, performance.now(), () => ownerOf(following, row));
  if (row.status === "ready" && row.restMs > 0) following.wake(row.restMs);
}

/** The slot that somebody at work takes. */
export function ownerOf({ state }: Pick<Following, "state">, row: Task | Ask): Taken {
  const { capability, run } = row;
  const asked = "role" in row ? row : { role: "primary" as const, head: state.runs.get(run) };
  const project = asked.head?.scope.project ?? "";
  const open = isOpen(row) ? row : undefined;
  const handler = open?.handler ?? "";
  const place = { run, project, capability, handler, role: asked.role };
  return { ...place, slots: slotsOf(state, project, handler), key: open?.cachekey };
}

/** The slot that a `triggered` takes which was decided and not read back; undefined when nobody works on it. */
export function takenBy({ state }: Pick<Following, "state">, event: CloudEvent): Taken | undefined {
  const { handler, run, project, role = "primary" } = event;
  const type = parseType(event.type);
  if (type?.predicate !== "triggered" || handler === undefined) return undefined;
  const data = triggeredData.safeParse(event.data).data;
  if (data === undefined || data.cached === true || run === undefined || project === undefined)
    return undefined;
  const place = { run, project, capability: type.subject, handler, role };
  return { ...place, slots: slotsOf(state, project, handler), key: data.cachekey };
}

/** Under which key the desk holds what a `triggered` gives out. */
export function deskKey({ state }: Pick<Following, "state">, event: CloudEvent): string {
  const { subject = "", handler = "", role, run: id } = event;
  const run = role === "shadow" || id === undefined ? undefined : state.runs.get(id);
  const alone = run === undefined || run.status === "refused" || run.status === "requested";
  const [step = ""] = partsOfTask(subject).step.split("/");
  const capability = parseType(event.type)?.subject ?? "";
  const isOneOfSeveral =
    !alone && handlersOf(run, { id: subject, run: run.id, step, capability }) !== undefined;
  return role === "shadow" || isOneOfSeveral ? askKey(subject, handler) : subject;
}

const slotsOf = (state: State, project: string, handler: string): string =>
  findHandler(state, project, handler)?.key ?? handlerKey(null, handler);
