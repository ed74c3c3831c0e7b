import { startedData } from "@jackfield/spec/event/task";
import { foldAskStarted } from "./fold-asks.ts";
import { givenOut } from "./given-out.ts";
import { openAttempt } from "./open-attempt.ts";
import { moved } from "./progress.ts";
import { askShadows } from "./shadows.ts";
import type { Change, Entry, State } from "./state.ts";
import type { OpenTask } from "./tasks.ts";

/** A task was given to a handler: from here on its answer counts. */
export function foldTriggered(state: State, entry: Entry): Change[] {
  const { event } = entry;
  const task = event.subject === undefined ? undefined : state.tasks.get(event.subject);
  const run = task === undefined ? undefined : state.runs.get(task.run);
  if (task?.status !== "ready" || run?.status !== "running") return [];
  const row = givenOut(task, event);
  if (row === undefined) return [];
  return [
    { table: "tasks", key: row.id, row },
    { table: "runs", key: run.id, row: { ...run, progress: moved(run.progress, task, row) } },
    ...askShadows(state, run, row, entry),
  ];
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
