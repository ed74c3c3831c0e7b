import { foreachCapability } from "@jackfield/spec/project/workflow";
import { doneAs } from "./after-answer.ts";
import { askKey, type Ask, type DoneAsk } from "./asks.ts";
import { completed, type Completed } from "./completion.ts";
import { headOf, isAborted, type BegunRun, type RunningRun } from "./runs.ts";
import { skipped } from "./skip-asks.ts";
import type { Change, Entry, State } from "./state.ts";
import {
  isOpen,
  type AskedTask,
  type DoneTask,
  type OpenTask,
  type ReadyTask,
  type TaskHead,
} from "./tasks.ts";
import { stepOf, type Askable } from "./trigger-task.ts";

/** The handlers that a step names, each for every item of a foreach; undefined for the one that is bound. */
export const handlersOf = (run: BegunRun, task: TaskHead): string[] | undefined =>
  task.capability === foreachCapability ? undefined : stepOf(run, task)?.handlers;

/** A ready task as what is asked of each of its handlers; of one alone, and of what is an ask already, it is itself. */
export function asksOf(run: BegunRun, task: Askable): Askable[] {
  const handlers = task.role === undefined ? handlersOf(run, task) : undefined;
  return handlers?.map((handler) => ({ ...task, handler, role: "primary" as const })) ?? [task];
}

export const askedTask = ({ id, run, step, capability }: TaskHead, handlers: string[]): AskedTask => ({
  id,
  run,
  step,
  capability,
  status: "asked",
  handlers,
});

/** The first of several handlers was given the task: from now on each is asked in a row of its own. */
export function askSeveral(
  run: RunningRun,
  task: ReadyTask,
  { open, handlers }: { open: OpenTask; handlers: string[] },
): Change[] {
  const head = headOf(run);
  return handlers.flatMap((handler): Change[] => {
    const key = askKey(task.id, handler);
    const asked = { handler, role: "primary" as const, head };
    if (handler === open.handler) return [{ table: "asks", key, row: { ...open, ...asked } }];
    const ready = { ...task, ...asked };
    // After an abort nobody else is asked.
    return [{ table: "asks", key, row: isAborted(run) ? skipped(ready, run.id) : ready }];
  });
}

/** What each of its handlers does, in the order of the step, now that `ask` stands like this. */
export const asksAfter = (state: State, task: AskedTask, ask: Ask): (Ask | undefined)[] =>
  task.handlers.map((handler) => (handler === ask.handler ? ask : state.asks.get(askKey(task.id, handler))));

/** Have enough of them answered? */
export function endOf(
  run: RunningRun,
  task: AskedTask,
  asks: (Ask | undefined)[],
): Completed<DoneAsk> | undefined {
  return completed<DoneAsk>(
    stepOf(run, task)?.complete ?? "all",
    asks,
    run.pinned.bindings[task.capability] ?? "",
  );
}

/** The task with its last word, at the place of the answer that decided it. */
export function doneBy(
  task: AskedTask,
  asks: (Ask | undefined)[],
  { outcome, speaker }: Completed<DoneAsk>,
  entry: Entry,
): DoneTask {
  const done = asks.filter((ask): ask is DoneAsk => ask?.status === "done");
  // The reason is of one who ended like the task, who need not be the one whose outputs go on.
  const { problem, message } = done.find((ask) => ask.outcome === outcome) ?? speaker;
  const outputs = Object.assign({}, ...done.map((ask) => ask.outputs)) as DoneTask["outputs"];
  return doneAs(task, { speaker, outcome, problem, message, outputs }, entry);
}

/** Those whose answers cannot count any more: who works is told to stop, who waits is not asked. */
export const spareOthers = (asks: (Ask | undefined)[]): Change[] =>
  asks.flatMap((ask): Change[] => {
    if (ask === undefined || ask.status === "done" || ask.status === "skipped") return [];
    const row = isOpen(ask) ? { ...ask, pruned: true as const } : skipped(ask, ask.id);
    return [{ table: "asks", key: askKey(ask.id, ask.handler), row }];
  });
