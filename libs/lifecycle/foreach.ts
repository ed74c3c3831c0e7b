import type { Descriptor } from "@jackfield/spec/event/artifact";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { itemTaskId, partsOfItem } from "@jackfield/spec/event/ids";
import { attributesOf, goesOn, worstOf, type Outcome } from "@jackfield/spec/event/outcome";
import { triggeredData } from "@jackfield/spec/event/task";
import { foreachInputs, type ForeachInputs, type ForeachOutputs } from "@jackfield/spec/project/foreach";
import { foreachCapability } from "@jackfield/spec/project/workflow";
import { abortAttempt, finishInPlace, type Attempt } from "./finish-in-place.ts";
import type { RunningRun } from "./runs.ts";
import type { Entry, State } from "./state.ts";
import type { DoneTask, ForeachTask, ReadyTask, Task } from "./tasks.ts";
import { stepOf, triggeredEvent } from "./trigger-task.ts";

/** Who answers a foreach. It is addressed to nobody: the conductor does it itself. */
export const foreachHandler = "conductor";
const contract = "1.0.0";

/** So many items may be decided and not read back; without a limit of its own, so many of one foreach may be begun. */
export const mostAhead = 1_000;

/** A foreach is ready: the fact that pins how many items there are, and the artifact that holds them. */
export function expandForeach(
  run: RunningRun,
  task: ReadyTask,
  inputs: ForeachInputs,
  now: string,
): CloudEvent {
  const who = { handler: foreachHandler, version: contract, environment: undefined, contract };
  return triggeredEvent(run, task, { who, inputs, key: undefined }, { now, data: {} });
}

/** The row of a foreach whose list is pinned; undefined for any other `triggered`, and when its list was refused. */
export function expandedBy(task: ReadyTask, { event, position }: Entry): ForeachTask | undefined {
  if (task.capability !== foreachCapability) return undefined;
  const pinned = foreachInputs.safeParse(triggeredData.safeParse(event.data).data?.inputs);
  if (!pinned.success) return undefined;
  const { id, run, step, capability } = task;
  const { items, list } = pinned.data;
  return {
    id,
    run,
    step,
    capability,
    status: "expanded",
    triggeredid: event.id,
    since: position,
    items,
    ...(list !== undefined && { list }),
    given: 0,
    gaps: [],
    begun: [],
    outcomes: {},
  };
}

/** An item that has no row yet, as the ready task that it is; undefined when it was given out, or is none. */
export function itemAhead(run: RunningRun, parent: ForeachTask, index: number): ReadyTask | undefined {
  const isAhead = index < parent.items && (index >= parent.given || parent.gaps.includes(index));
  if (!isAhead) return undefined;
  return {
    id: itemTaskId(parent.id, index),
    run: run.id,
    step: parent.step,
    capability: stepOf(run, parent)?.capability ?? "",
    status: "ready",
    attempt: 1,
    spent: 0,
    cause: parent.triggeredid,
    since: parent.since,
    restMs: 0,
  };
}

/** The foreach of an item, while it is worked through. */
export function foreachOf(state: Pick<State, "tasks">, task: string): ForeachTask | undefined {
  const item = partsOfItem(task);
  const parent = item === undefined ? undefined : state.tasks.get(item.foreach);
  return parent?.status === "expanded" ? parent : undefined;
}

/** An item was given out: it is open, and those before it that were not are gaps. */
export function withItem(parent: ForeachTask, index: number): ForeachTask {
  const { given, gaps, begun } = parent;
  const skipped = Array.from({ length: Math.max(0, index - given) }, (_, offset) => given + offset);
  return {
    ...parent,
    given: Math.max(given, index + 1),
    gaps: [...gaps.filter((gap) => gap !== index), ...skipped],
    begun: [...begun, index],
  };
}

/** An item is done; the first that did not go on is remembered by its index. */
export function withoutItem(parent: ForeachTask, { id, outcome }: DoneTask): ForeachTask {
  const index = partsOfItem(id)?.index ?? -1;
  const failed = parent.failed ?? (goesOn(outcome) ? undefined : index);
  return {
    ...parent,
    begun: parent.begun.filter((one) => one !== index),
    outcomes: { ...parent.outcomes, [outcome]: (parent.outcomes[outcome] ?? 0) + 1 },
    ...(failed !== undefined && { failed }),
  };
}

export const doneItems = ({ outcomes }: Pick<ForeachTask, "outcomes">): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0);

export const isComplete = (parent: ForeachTask): boolean => doneItems(parent) === parent.items;

/** Every item is done, and what they answered is in the artifact: the end of the foreach, as bad as its worst item. */
export function joinForeach(
  run: RunningRun,
  parent: ForeachTask,
  outputs: Descriptor,
  now: string,
): CloudEvent {
  const { items, outcomes } = parent;
  const data = { outputs: { items, outcomes, outputs } satisfies ForeachOutputs, message: inShort(parent) };
  const worst = worstOf(Object.keys(outcomes) as Outcome[]); // the keys of outcomes are outcomes
  return toNobody(finishInPlace(run, attemptOf(parent), { ...attributesOf(worst), data }, now));
}

export const abortForeach = (run: RunningRun, parent: ForeachTask, now: string): CloudEvent =>
  toNobody(abortAttempt(run, attemptOf(parent), now));

const attemptOf = ({ id, capability, triggeredid }: ForeachTask): Attempt => ({
  id,
  capability,
  triggeredid,
  handler: foreachHandler,
  attempt: 1,
  contract,
});

const toNobody = ({ handler: _, ...event }: CloudEvent): CloudEvent => event;

/** `20 items: 17 pass, 2 errored, 1 fail; the first that did not pass is item 4`. */
export function inShort({
  items,
  outcomes,
  failed,
}: Pick<ForeachTask, "items" | "outcomes" | "failed">): string {
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const first = failed === undefined ? "" : `; the first that did not pass is item ${failed}`;
  return `${items} items${counts.length > 0 ? `: ${counts.join(", ")}` : ""}${first}`;
}

/** Is this `finished` the end of a foreach that is worked through? */
export function joinedBy(state: Pick<State, "tasks">, event: CloudEvent): ForeachTask | undefined {
  const task: Task | undefined = event.subject === undefined ? undefined : state.tasks.get(event.subject);
  return task?.status === "expanded" && event.triggeredid === task.triggeredid ? task : undefined;
}
