import { Readable } from "node:stream";
import type pg from "pg";
import { joinForeach } from "@jackfield/lifecycle/foreach";
import type { State } from "@jackfield/lifecycle/state";
import type { ForeachTask } from "@jackfield/lifecycle/tasks";
import { isOutage } from "@jackfield/postgres/outage";
import type { Parts } from "@jackfield/service/define";
import type { Descriptor } from "@jackfield/spec/event/artifact";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { itemTaskId } from "@jackfield/spec/event/ids";
import { jsonLinesType, type ItemLine } from "@jackfield/spec/project/foreach";
import { tasksByKey } from "./load.ts";
import type { Unfolding } from "./unfold.ts";

const rowsAtOnce = 1_000;
const againMs = 1_000;

/** Where foreach steps are worked through: the desk. */
interface Place {
  unfolding: Unfolding;
  readonly state: State;
  parts: Pick<Parts, "artifacts" | "database" | "log">;
  wake(afterMs?: number): void;
}

/** What foreach steps leave is written beside everything else, however much it is; the step ends when it is kept. */
export class Joins {
  readonly #desk: Place;
  readonly #begun = new Map<string, Descriptor | "writing">();

  constructor(desk: Place) {
    this.#desk = desk;
  }

  /** To be called when every row is written: begins with those of which all items are done. */
  begin(): void {
    for (const parent of this.#desk.unfolding.complete()) {
      if (this.#begun.has(parent.id)) continue;
      this.#begun.set(parent.id, "writing");
      void this.#write(parent);
    }
  }

  /** The ends of those that are written. */
  decide(now: string): CloudEvent[] {
    const { state } = this.#desk;
    return [...this.#begun].flatMap(([id, outputs]) => {
      const parent = outputs === "writing" ? undefined : state.tasks.get(id);
      if (outputs === "writing" || parent === undefined) return [];
      const run = state.runs.get(parent.run);
      if (parent.status === "expanded" && run?.status === "running")
        return run.aborted === undefined ? [joinForeach(run, parent, outputs, now)] : [];
      this.#begun.delete(id);
      return [];
    });
  }

  async #write(parent: ForeachTask): Promise<void> {
    const { parts } = this.#desk;
    try {
      const lines = Readable.from(linesOf(parts.database.pool, parent), { objectMode: false });
      this.#begun.set(parent.id, await parts.artifacts.put(lines, { mediaType: jsonLinesType }));
      this.#desk.wake();
    } catch (error) {
      const level = isOutage(error) ? "warn" : "error";
      parts.log[level]({ event: "join.failed", task: parent.id, error: String(error) }, "tried again");
      this.#begun.delete(parent.id);
      this.#desk.wake(againMs);
    }
  }
}

/** One line an item, in the order of the list; a page of rows at a time. */
async function* linesOf(pool: pg.Pool, { id, items }: ForeachTask): AsyncGenerator<Buffer> {
  for (let from = 0; from < items; from += rowsAtOnce) {
    const keys = Array.from({ length: Math.min(rowsAtOnce, items - from) }, (_, n) =>
      itemTaskId(id, from + n),
    );
    const rows = new Map((await tasksByKey(pool, keys)).map((row) => [row.id, row]));
    const lines = keys.map((key, offset) => {
      const row = rows.get(key);
      if (row?.status !== "done") throw new Error(`${key} has no end`);
      const outputs = row.outputs[row.handler];
      const line: ItemLine = {
        index: from + offset,
        outcome: row.outcome,
        ...(outputs !== undefined && { outputs }),
      };
      return `${JSON.stringify(line)}\n`;
    });
    yield Buffer.from(lines.join(""));
  }
}
