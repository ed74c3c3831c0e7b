import type { Heard } from "@jackfield/lifecycle/clocks";
import { count, Counters, type Load, type Place } from "@jackfield/lifecycle/choose-next";
import type { Prepared } from "@jackfield/lifecycle/give-out";
import { isOpen, type Task } from "@jackfield/lifecycle/tasks";

/** A slot that is taken: from the decision on, not only when it is read back. */
export interface Taken extends Place {
  slots: string;
  key: string | undefined;
}

/** A task that waits to be given out. */
export interface Waiting {
  run: string;
  /** Not before this moment, ms of the monotonic clock. */
  restUntilMs: number;
  /** What was found out about it; the cache is asked once, and again when an answer with its key was kept. */
  prepared?: Prepared;
  /** Why it is still here, in words. */
  why?: string;
}

/** Which tasks wait, which are at work, who holds which slot, and when each was last heard of: memory of the active process. */
export class AtWork {
  /** In the order in which they became ready. */
  readonly ready = new Map<string, Waiting>();
  readonly heard = new Map<string, Heard>();
  readonly #taken = new Map<string, Taken>();
  readonly #bySlots = new Map<string, number>();
  readonly #load = new Counters();

  get load(): Load {
    return this.#load;
  }

  running(slots: string): number {
    return this.#bySlots.get(slots) ?? 0;
  }

  taken(): Iterable<Taken> {
    return this.#taken.values();
  }

  take(task: string, taken: Taken): void {
    if (this.#taken.has(task)) return;
    this.#taken.set(task, taken);
    count(this.#bySlots, taken.slots, 1);
    this.#load.add(taken, 1);
  }

  /** A task has another row: it waits, works, or is done. `owner` names the slot that it takes when it works. */
  follow(task: Task, nowMs: number, owner: () => Taken): void {
    if (task.status === "ready") {
      this.#release(task.id);
      this.ready.set(task.id, { run: task.run, restUntilMs: nowMs + task.restMs });
      return;
    }
    this.ready.delete(task.id);
    if (!isOpen(task)) {
      this.#release(task.id);
      return;
    }
    if (task.cached) return;
    this.take(task.id, owner());
    const heard = this.heard.get(task.id);
    if (heard === undefined) this.heard.set(task.id, { triggeredMs: nowMs, leasedMs: nowMs });
    else if (task.status === "started") heard.leasedMs = nowMs;
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

  #release(task: string): void {
    this.heard.delete(task);
    const taken = this.#taken.get(task);
    if (taken === undefined) return;
    this.#taken.delete(task);
    count(this.#bySlots, taken.slots, -1);
    this.#load.add(taken, -1);
  }
}
