import { isComplete, itemAhead, mostAhead } from "@jackfield/lifecycle/foreach";
import { mayGoOn, type RunningRun } from "@jackfield/lifecycle/runs";
import type { ForeachTask, Task } from "@jackfield/lifecycle/tasks";
import { stepOf } from "@jackfield/lifecycle/trigger-task";
import { itemTaskId, partsOfItem } from "@jackfield/spec/event/ids";
import type { AtWork } from "./at-work.ts";
import type { Lists } from "./lists.ts";
import type { Surroundings } from "./prepare.ts";

/** Items beyond the free slots that are looked at: what the cache answers needs none. */
const lookAhead = 8;

/** A foreach that is worked through. */
interface Unfolded {
  row: ForeachTask;
  /** Every item below this one was put among the ready, but for those that still have to be. */
  next: number;
  missed: number[];
  /** Items among the ready that nobody was given yet. */
  ahead: Set<number>;
}

/** The foreach steps that are worked through: only as many of their items are in memory as could be given out soon. */
export class Unfolding {
  readonly #open = new Map<string, Unfolded>();
  readonly #atWork: AtWork;
  readonly #lists: Lists;

  constructor(atWork: AtWork, lists: Lists) {
    this.#atWork = atWork;
    this.#lists = lists;
  }

  /** A task has another row. */
  follow(row: Task): void {
    const known = this.#open.get(row.id);
    if (row.status === "expanded") {
      if (known !== undefined) known.row = row;
      else this.#open.set(row.id, { row, next: row.given, missed: [...row.gaps], ahead: new Set() });
    } else if (known !== undefined) {
      for (const index of known.ahead) this.#atWork.ready.delete(itemTaskId(row.id, index));
      this.#open.delete(row.id);
      const { list } = known.row;
      if (list !== undefined && ![...this.#open.values()].some((other) => other.row.list === list))
        this.#lists.forget(list);
    }
  }

  /** An item is given out: it leaves those that are ready, and gets a row when that is read back. */
  given(task: string): void {
    const item = partsOfItem(task);
    const known = item === undefined ? undefined : this.#open.get(item.foreach);
    if (item !== undefined && known?.ahead.delete(item.index) === true) this.#atWork.ready.delete(task);
  }

  /** Puts the next items of every foreach among the ready. */
  fill({ state, live }: Pick<Surroundings, "state" | "live">): void {
    for (const unfolded of this.#open.values()) {
      const run = state.runs.get(unfolded.row.run);
      if (!mayGoOn(run)) continue;
      const free = handlersFor(run, unfolded.row).map((handler) => {
        const found = live.find(run.scope.project, handler);
        return found === undefined ? 0 : found.concurrency - this.#atWork.running(found.key);
      });
      this.#fillOne(unfolded, run, Math.max(0, ...free) + lookAhead);
    }
  }

  #fillOne(unfolded: Unfolded, run: RunningRun, wanted: number): void {
    const { row, ahead, missed } = unfolded;
    const most = Math.min(wanted, ahead.size + roomIn(unfolded, run));
    while (ahead.size < most && (missed.length > 0 || unfolded.next < row.items)) {
      const index = missed.shift() ?? unfolded.next++;
      const task = itemAhead(run, row, index);
      // It was given out before this process began, and read back meanwhile.
      if (task === undefined) continue;
      ahead.add(index);
      this.#atWork.ready.set(task.id, { in: "tasks", run: run.id, restUntilMs: 0, item: task });
    }
  }

  /** Those of which every item is done. */
  complete(): ForeachTask[] {
    return [...this.#open.values()].map(({ row }) => row).filter(isComplete);
  }
}

function handlersFor(run: RunningRun, row: ForeachTask): string[] {
  const step = stepOf(run, row);
  return step?.handlers ?? [run.pinned.bindings[step?.capability ?? ""] ?? ""];
}

/** How many more items may be begun, or be on their way. */
function roomIn({ row, next, missed, ahead }: Unfolded, run: RunningRun): number {
  const readBack = row.given - row.gaps.length;
  const onTheirWay = Math.max(0, next - missed.length - ahead.size - readBack);
  const limit = stepOf(run, row)?.foreach?.limit ?? mostAhead;
  return Math.min(limit - row.begun.length, mostAhead) - onTheirWay - ahead.size;
}
