import { Problem } from "@jackfield/problem/problem";
import { descriptor, type Descriptor } from "@jackfield/spec/event/artifact";
import { jsonLinesType } from "@jackfield/spec/project/foreach";
import { mostInlineItems, mostItems } from "@jackfield/spec/project/workflow";
import { valueAt } from "./json-pointer.ts";
import type { BegunRun } from "./runs.ts";
import type { Task, TaskHead } from "./tasks.ts";
import { documentOf, stepOf } from "./trigger-task.ts";

/** What a foreach goes through: values that are here, so many numbers, or the lines of an artifact. */
export type List = { items: number; values?: readonly unknown[] } | { artifact: Descriptor };

/** What the pointer of a foreach leads to. @throws Problem E_LIST that names the pointer and the way out. */
export function listOf(run: BegunRun, task: TaskHead, sources: readonly Task[]): List {
  const list = stepOf(run, task)?.foreach?.in ?? 0;
  const found = typeof list === "number" ? list : valueAt(documentOf(run, sources), list);
  if (typeof found === "number" && Number.isInteger(found) && found >= 0) {
    if (found <= mostItems) return { items: found };
    throw refused(task, list, `${found} is over ${mostItems}`);
  }
  if (Array.isArray(found)) {
    if (found.length <= mostInlineItems) return { items: found.length, values: found };
    throw refused(task, list, `it has ${found.length} items, and an event holds at most ${mostInlineItems}`);
  }
  const artifact = descriptor.safeParse(found);
  if (artifact.success && artifact.data.mediaType === jsonLinesType) return { artifact: artifact.data };
  if (artifact.success) throw refused(task, list, `it is ${artifact.data.mediaType}`);
  throw refused(task, list, found === undefined ? "nothing is there" : "it is neither list nor count");
}

/** @throws Problem E_LIST. */
export const refused = ({ step }: Pick<TaskHead, "step">, list: string | number, why: string): Problem =>
  new Problem("E_LIST", `${step} cannot go through ${list}.`, {
    why,
    next: `let it lead to a count, to a list of at most ${mostInlineItems}, or to an artifact of ${jsonLinesType} with a line for each item`,
  });

/** The value of an item that needs no artifact: of a list, or the number itself. */
export function itemHere(run: BegunRun, task: TaskHead, index: number, sources: readonly Task[]): unknown {
  const list = listOf(run, task, sources);
  if ("artifact" in list) throw new Error(`${task.id} stands in ${list.artifact.digest}, which was not read`);
  return "values" in list ? list.values[index] : index;
}
