import { Problem } from "@jackfield/problem/problem";

/** At most so many pieces of work at once; the others wait in the order they came. */
export interface Slots {
  readonly size: number;
  readonly busy: number;
  /** Waits for a free slot, works, frees it. @throws E_ABORTED if `signal` says so while waiting. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function openSlots(size: number): Slots {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const free = (): void => {
    const next = waiting.shift();
    // The slot is handed over, not freed: nobody can slip in between.
    if (next === undefined) busy -= 1;
    else next();
  };
  return {
    size,
    get busy() {
      return busy;
    },
    async run(work, signal) {
      if (busy < size) busy += 1;
      else await turnIn(waiting, signal);
      try {
        return await work();
      } finally {
        free();
      }
    },
  };
}

function turnIn(waiting: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      const place = waiting.indexOf(enter);
      if (place >= 0) waiting.splice(place, 1);
      reject(new Problem("E_ABORTED", "The work was aborted before it had a slot."));
    };
    const enter = (): void => {
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    if (signal?.aborted === true) {
      leave();
      return;
    }
    signal?.addEventListener("abort", leave, { once: true });
    waiting.push(enter);
  });
}
