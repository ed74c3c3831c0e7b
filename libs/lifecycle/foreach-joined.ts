import { itemTaskId } from "@jackfield/spec/event/ids";
import { isOwn } from "./facts.ts";
import { foreachHandler, joinedBy } from "./foreach.ts";
import { moved } from "./progress.ts";
import { readAnswer } from "./read-answer.ts";
import type { RunningRun } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import type { DoneTask, ForeachTask } from "./tasks.ts";
import { unblock } from "./unblock.ts";

/** The end of a foreach: what it left goes on like any other answer. */
export function foldJoined(state: State, entry: Entry): Change[] {
  const parent = isOwn(entry.event) ? joinedBy(state, entry.event) : undefined;
  const before = parent === undefined ? undefined : state.runs.get(parent.run);
  if (parent === undefined || before?.status !== "running") return [];
  const task = joined(parent, entry);
  const resting = skipResting(state, before, parent);
  const run = { ...before, progress: moved(resting.progress, parent, task) };
  return [
    { table: "tasks", key: task.id, row: task },
    ...resting.changes,
    ...(run.aborted === undefined
      ? unblock(state, run, task, entry.event)
      : [{ table: "runs" as const, key: run.id, row: run }]),
  ];
}

function joined(parent: ForeachTask, { event, position }: Entry): DoneTask {
  const { outcome, data } = readAnswer(event);
  const { id, run, step, capability, list } = parent;
  return {
    id,
    run,
    step,
    capability,
    status: "done",
    outcome,
    attempt: 1,
    handler: foreachHandler,
    finishedid: event.id,
    position,
    cached: false,
    ...(list !== undefined && { list }),
    ...(data.problem !== undefined && { problem: data.problem }),
    ...(data.message !== undefined && { message: data.message }),
    outputs: { [foreachHandler]: data.outputs ?? {} },
  };
}

/** Items that an abort kept from their next attempt. */
function skipResting(
  state: State,
  { progress: before }: RunningRun,
  parent: ForeachTask,
): { progress: RunningRun["progress"]; changes: Change[] } {
  let progress = before;
  const changes = parent.begun.flatMap((index): Change[] => {
    const item = state.tasks.get(itemTaskId(parent.id, index));
    if (item?.status !== "ready") return [];
    const { id, run, step, capability } = item;
    const row = { id, run, step, capability, status: "skipped" as const, because: parent.id };
    progress = moved(progress, item, row);
    return [{ table: "tasks", key: id, row }];
  });
  return { progress, changes };
}
