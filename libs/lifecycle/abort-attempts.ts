import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { itemTaskId, taskEventId, taskId } from "@jackfield/spec/event/ids";
import { abortAttempt } from "./finish-in-place.ts";
import { abortForeach } from "./foreach.ts";
import { hasWork, type Decided } from "./on-its-way.ts";
import { isAborted, type RunningRun } from "./runs.ts";
import type { Entry, State } from "./state.ts";
import { isOpen, type OpenTask, type Task } from "./tasks.ts";

/**
 * In an aborted run every open attempt is ended in the handler's place, also one whose `triggered` was on its way when
 * the abort came. The handler hears of it at its next question; its own answer is late then. A foreach ends when nobody
 * works on any of its items, nor will.
 */
export function decideAborts(state: State, { event }: Entry, now: string, decided: Decided): CloudEvent[] {
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run === undefined || run.status === "refused" || !isAborted(run)) return [];
  const tasks = run.status === "running" ? tasksOf(state, run) : [];
  // Nothing waits for these, so they may be open when the run is over.
  const asks = [...state.asks.values()].filter(isOpen).filter((ask) => ask.run === run.id);
  // Many end one after the other, and each end asks again: what was said already is not made again.
  const open = [...tasks.filter(isOpen), ...asks].filter((one) => !decided(finishedIdOf(one)));
  return [
    ...open.map((one) => abortAttempt(run, one, now)),
    ...tasks.flatMap((task) =>
      run.status !== "running" || task.status !== "expanded" || hasWork(state, run, task, decided)
        ? []
        : [abortForeach(run, task, now)],
    ),
  ];
}

const finishedIdOf = ({ id: task, handler, attempt }: OpenTask): string =>
  taskEventId({ task, handler, attempt }, "finished");

/** The tasks of the steps, and those of the items that were begun. */
const tasksOf = (state: State, run: RunningRun): Task[] =>
  run.pinned.workflow.steps.flatMap(({ name }) => {
    const task = state.tasks.get(taskId(run.id, name));
    const items = task?.status === "expanded" ? task.begun : [];
    return [
      ...(task === undefined ? [] : [task]),
      ...items.flatMap((index) => state.tasks.get(itemTaskId(taskId(run.id, name), index)) ?? []),
    ];
  });
