import type { Heard } from "@jackfield/lifecycle/clocks";
import { count, Counters, type Place } from "@jackfield/lifecycle/choose-next";
import type { Ask, Role } from "@jackfield/lifecycle/asks";
import type { Prepared } from "@jackfield/lifecycle/give-out";
import { isOpen, type ReadyTask, type Task } from "@jackfield/lifecycle/tasks";

/** A slot that is taken: from the decision on, not only when it is read back. */
export interface Taken extends Place {
  role: Role;
  slots: string;
  key: string | undefined;
}

/** Where the row of something lies: the task itself, or what one handler of several is asked. */
type InTable = "tasks" | "asks";

/** What waits to be given out. */
export interface Waiting {
  in: InTable;
  run: string;
  /** Not before this moment, ms of the monotonic clock. */
  restUntilMs: number;
  /** An item of a foreach that has no row yet. */
  item?: ReadyTask;
  /** What was found out about it; the cache is asked once, and again when an answer with its key was kept. */
  prepared?: Prepared;
  /** Why it is still here, in words. */
  why?: string;
}

/** Which tasks wait, which are at work, who holds which slot, and when each was last heard of: memory of the active process. */
export class AtWork {
  /** In the order in which they became ready. */
  readonly ready = new Map<string, Waiting>();
  /** The same for what is only compared. */
  readonly shadows = new Map<string, Waiting>();
  readonly heard = new Map<string, Heard & { in: InTable }>();
  readonly #taken = new Map<string, Taken>();
  readonly #bySlots = new Map<string, number>();
  readonly #load = new Counters();

  get load(): Counters {
    return this.#load;
  }

  running(slots: string): number {
    return this.#bySlots.get(slots) ?? 0;
  }

  taken(): Iterable<Taken> {
    return this.#taken.values();
  }

  take(key: string, taken: Taken): void {
    if (this.#taken.has(key)) return;
    this.#taken.set(key, taken);
    count(this.#bySlots, taken.slots, 1);
    this.#load.add(taken, 1, taken.role);
  }

  /** It has another row: it waits, works, or is done. `owner` names the slot that it takes when it works. */
  follow(key: string, row: Task | Ask, nowMs: number, owner: () => Taken): void {
    const table = "role" in row ? "asks" : "tasks";
    const queue = "role" in row && row.role === "shadow" ? this.shadows : this.ready;
    if (row.status === "ready") {
      this.#release(key);
      queue.set(key, { in: table, run: row.run, restUntilMs: nowMs + row.restMs });
      return;
    }
    queue.delete(key);
    if (!isOpen(row)) {
      this.#release(key);
      return;
    }
    if (row.cached) return;
    this.take(key, owner());
    const heard = this.heard.get(key);
    if (heard === undefined) this.heard.set(key, { in: table, triggeredMs: nowMs, leasedMs: nowMs });
    else if (row.status === "started") heard.leasedMs = nowMs;
  }

  /** An answer was kept under this key: whoever waits with it asks the cache again. */
  askAgain(key: string): void {
    for (const waiting of this.ready.values()) if (waiting.prepared?.key === key) delete waiting.prepared;
  }

  /** Every open attempt gets its full time again: nobody could be heard. */
  renewAll(nowMs: number): void {
    for (const heard of this.heard.values()) {
      heard.triggeredMs = nowMs;
      heard.leasedMs = nowMs;
    }
  }

  #release(key: string): void {
    // A slot that was taken for what is still on its way into the stream is kept.
    if (!this.heard.delete(key)) return;
    const taken = this.#taken.get(key);
    if (taken === undefined) return;
    this.#taken.delete(key);
    count(this.#bySlots, taken.slots, -1);
    this.#load.add(taken, -1, taken.role);
  }
}
