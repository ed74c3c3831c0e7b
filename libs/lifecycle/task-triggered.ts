import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { partsOfItem } from "@jackfield/spec/event/ids";
import { startedData } from "@jackfield/spec/event/task";
import { foldAskStarted, foldAskTriggered } from "./fold-asks.ts";
import { expandedBy, foreachOf, itemAhead, withItem } from "./foreach.ts";
import { givenOut } from "./given-out.ts";
import { openAttempt } from "./open-attempt.ts";
import { moved } from "./progress.ts";
import { askedTask, askSeveral, handlersOf } from "./several.ts";
import { askShadows } from "./shadows.ts";
import type { Change, Entry, State } from "./state.ts";
import type { ForeachTask, OpenTask, ReadyTask } from "./tasks.ts";

/** A task was given to a handler: from here on its answer counts. */
export function foldTriggered(state: State, entry: Entry): Change[] {
  const { event } = entry;
  const item = itemGiven(state, event);
  const task = item?.task ?? (event.subject === undefined ? undefined : state.tasks.get(event.subject));
  const run = task === undefined ? undefined : state.runs.get(task.run);
  if (task === undefined || run === undefined || run.status === "requested" || run.status === "refused")
    return [];
  const handlers = handlersOf(run, task);
  // Whoever is asked beside others may have been given it when the rest was over.
  if (task.status !== "ready" || run.status !== "running")
    return handlers === undefined ? [] : foldAskTriggered(state, entry);
  const list = expandedBy(task, entry);
  const open = list === undefined ? givenOut(task, event) : undefined;
  const row = list ?? (open !== undefined && handlers !== undefined ? askedTask(open, handlers) : open);
  if (row === undefined) return [];
  const progress = moved(run.progress, item === undefined ? task : undefined, row);
  return [
    { table: "tasks", key: row.id, row },
    ...(item === undefined ? [] : [{ table: "tasks" as const, key: item.parent.id, row: item.parent }]),
    { table: "runs", key: run.id, row: { ...run, progress } },
    ...(open === undefined || handlers === undefined ? [] : askSeveral(run, task, { open, handlers })),
    ...(open === undefined ? [] : askShadows(state, run, open, entry)),
  ];
}

/** The item of a foreach that is given out for the first time, and its foreach as it then is. */
function itemGiven(
  state: State,
  { subject = "" }: CloudEvent,
): { task: ReadyTask; parent: ForeachTask } | undefined {
  const parent = foreachOf(state, subject);
  const index = partsOfItem(subject)?.index;
  const run = parent === undefined ? undefined : state.runs.get(parent.run);
  if (parent === undefined || index === undefined || run?.status !== "running") return undefined;
  const task = itemAhead(run, parent, index);
  return task === undefined ? undefined : { task, parent: withItem(parent, index) };
}

/** The handler has it. */
export function foldTaskStarted(state: State, entry: Entry): Change[] {
  const open = openAttempt(state, entry.event);
  if (open === undefined) return foldAskStarted(state, entry);
  if (open.task.status !== "triggered") return [];
  const instance = startedData.safeParse(entry.event.data).data?.instance;
  const row: OpenTask = { ...open.task, status: "started", ...(instance !== undefined && { instance }) };
  return [{ table: "tasks", key: row.id, row }];
}
