import { digestOfJson } from "@jackfield/spec/event/canonical";
import type { Digest } from "@jackfield/spec/event/artifact";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { itemTaskId, partsOfItem } from "@jackfield/spec/event/ids";
import { jsonLinesType, type ItemLine } from "@jackfield/spec/project/foreach";
import { foreachCapability } from "@jackfield/spec/project/workflow";
import { Problem } from "@jackfield/problem/problem";
import { expandForeach, foreachHandler, isComplete, itemAhead, joinForeach, mostAhead } from "./foreach.ts";
import { itemHere, listOf, refused } from "./foreach-list.ts";
import { mayGoOn, type BegunRun, type RunningRun } from "./runs.ts";
import type { Rows } from "./state.ts";
import type { ForeachTask, ReadyTask, Task } from "./tasks.ts";
import { answerForNobody, sourcesOf, stepOf, type Item } from "./trigger-task.ts";

/** The artifacts of a story that hold lists, and those that its foreach steps leave. */
export type Lists = Map<Digest, readonly unknown[]>;

/** Lists pinned, and joins: what the conductor of a story says for its foreach steps. */
export function decideForeach(state: Rows, lists: Lists, now: string): CloudEvent[] {
  return [...state.tasks.values()].flatMap((task) => {
    const run = state.runs.get(task.run);
    if (run?.status !== "running" || run.aborted !== undefined) return [];
    if (task.status === "expanded" && isComplete(task)) return [join(state, run, task, { lists, now })];
    const isReady = task.status === "ready" && task.capability === foreachCapability && mayGoOn(run);
    return isReady ? expand(state, run, task, { lists, now }) : [];
  });
}

interface Telling {
  lists: Lists;
  now: string;
}

function expand(state: Rows, run: RunningRun, task: ReadyTask, { lists, now }: Telling): CloudEvent[] {
  try {
    const list = listOf(run, task, sources(state, run, task));
    if (!("artifact" in list)) return [expandForeach(run, task, { items: list.items }, now)];
    const { digest } = list.artifact;
    const lines = lists.get(digest);
    if (lines === undefined) throw refused(task, digest, "its bytes are gone");
    return [expandForeach(run, task, { items: lines.length, list: digest }, now)];
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return answerForNobody(run, task, { handler: foreachHandler, contract: "1.0.0", problem: thrown }, now);
  }
}

/** The items that may be given out next. */
export const itemsAhead = (state: Rows): { run: RunningRun; task: ReadyTask }[] =>
  [...state.tasks.values()].flatMap((parent) => {
    const run = state.runs.get(parent.run);
    if (parent.status !== "expanded" || !mayGoOn(run)) return [];
    const room = (stepOf(run, parent)?.foreach?.limit ?? mostAhead) - parent.begun.length;
    const indices = Array.from(
      { length: Math.max(0, parent.items - parent.given) },
      (_, n) => parent.given + n,
    );
    return [...parent.gaps, ...indices].slice(0, Math.max(0, room)).flatMap((index) => {
      const task = itemAhead(run, parent, index);
      return task === undefined ? [] : [{ run, task }];
    });
  });

/** What `/item` and `/index` lead to. */
export function itemOf(state: Rows, lists: Lists, run: BegunRun, task: ReadyTask): Item | undefined {
  const { foreach = "", index = 0 } = partsOfItem(task.id) ?? {};
  const parent = state.tasks.get(foreach);
  if (parent?.status !== "expanded" && parent?.status !== "done") return undefined;
  const item =
    parent.list === undefined
      ? itemHere(run, task, index, sources(state, run, task))
      : lists.get(parent.list)?.[index];
  return { item, index };
}

function join(state: Rows, run: RunningRun, parent: ForeachTask, { lists, now }: Telling): CloudEvent {
  const lines = Array.from({ length: parent.items }, (_, index): ItemLine => {
    const item = state.tasks.get(itemTaskId(parent.id, index));
    if (item?.status !== "done") throw new Error(`item ${index} of ${parent.id} is not done`);
    const outputs = item.outputs[item.handler];
    return { index, outcome: item.outcome, ...(outputs !== undefined && { outputs }) };
  });
  const digest = digestOfJson(lines); // a SHA-256 of ours
  lists.set(digest, lines);
  return joinForeach(run, parent, { mediaType: jsonLinesType, digest, size: lines.length }, now);
}

const sources = (state: Rows, run: BegunRun, task: ReadyTask): Task[] =>
  sourcesOf(run, task).flatMap((id) => state.tasks.get(id) ?? []);
