import { Problem } from "@jackfield/problem/problem";
import type { TaskHead } from "@jackfield/lifecycle/tasks";
import { partsOfItem } from "@jackfield/spec/event/ids";
import type { Desk } from "./desk.ts";
import type { Line } from "./prepare.ts";

/** The lines of those tasks that are items of a list in an artifact, by task. */
export async function linesFor(
  desk: Desk,
  tasks: readonly Pick<TaskHead, "id">[],
): Promise<Map<string, Line>> {
  const lines = new Map<string, Line>();
  for (const task of tasks) {
    const line = partsOfItem(task.id) === undefined ? undefined : await lineFor(desk, task);
    if (line !== undefined) lines.set(task.id, line);
  }
  return lines;
}

/** Undefined for a task that is no item, and for an item whose list stands in an event. */
async function lineFor({ working, lists }: Desk, { id }: Pick<TaskHead, "id">): Promise<Line | undefined> {
  const item = partsOfItem(id);
  if (item === undefined) return undefined;
  const parent = await working.complete(() => working.state.tasks.get(item.foreach));
  const list = parent?.status === "expanded" || parent?.status === "done" ? parent.list : undefined;
  if (list === undefined) return undefined;
  const length = lists.lengthOf(list);
  if (length === "reading") return length;
  if (length instanceof Problem) return { problem: length };
  try {
    return { value: await lists.line(list, item.index) };
  } catch (error) {
    // Its bytes went away after it was read through.
    if (error instanceof Problem) return { problem: error };
    throw error;
  }
}
