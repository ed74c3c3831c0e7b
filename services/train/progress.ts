import type { ProgressedData } from "@jackfield/spec/event/task";

/** Passes progress on at most every `everyMs`; in between the newest value of each field waits. */
export interface Throttle {
  take(progress: ProgressedData): void;
  /** Passes on what waits. */
  flush(): Promise<void>;
}

export function throttle(say: (progress: ProgressedData) => Promise<void>, everyMs = 250): Throttle {
  let waiting: ProgressedData | undefined;
  let timer: NodeJS.Timeout | undefined;
  let turn = Promise.resolve();

  const pass = (): void => {
    const next = waiting;
    waiting = undefined;
    if (next === undefined) return;
    turn = turn.then(() => say(next));
    timer = setTimeout(() => {
      timer = undefined;
      pass();
    }, everyMs);
  };

  return {
    take(progress) {
      waiting = { ...waiting, ...progress };
      if (timer === undefined) pass();
    },
    async flush() {
      clearTimeout(timer);
      timer = undefined;
      pass();
      clearTimeout(timer);
      await turn;
    },
  };
}
