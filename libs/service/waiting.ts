import { Problem } from "@jackfield/problem/problem";
import { comparePositions, printPosition, type Position } from "@jackfield/spec/event/position";

/** Lets readers wait until a position is reached. Nothing is polled. */
export interface Waiting {
  /** Resolves when the position is reached. @throws Problem E_WAITED after `withinMs` */
  until(position: Position, withinMs: number): Promise<void>;
  reached(position: Position): void;
}

interface Waiter {
  position: Position;
  resolve: () => void;
}

export function waitFrom(start: Position = { epoch: 0, sequence: 0 }): Waiting {
  let now = start;
  const waiters = new Set<Waiter>();
  const until = (position: Position, withinMs: number): Promise<void> => {
    if (comparePositions(now, position) >= 0) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      const done = (settle: () => void) => (): void => {
        clearTimeout(timer);
        waiters.delete(waiter);
        settle();
      };
      const timer = setTimeout(
        done(() => reject(waitedInVain(position, now))),
        withinMs,
      );
      const waiter = { position, resolve: done(resolve) };
      waiters.add(waiter);
    });
  };
  const reached = (position: Position): void => {
    now = position;
    for (const waiter of [...waiters]) if (comparePositions(now, waiter.position) >= 0) waiter.resolve();
  };
  return { until, reached };
}

const waitedInVain = (position: Position, now: Position): Problem =>
  new Problem("E_WAITED", `The stream was not read up to ${printPosition(position)} yet.`, {
    why: `It is at ${printPosition(now)}.`,
    next: "Ask again; if it stands still, look at its log.",
  });
