import { setTimeout as delay } from "node:timers/promises";

/** What an iterable yields, and `undefined` whenever this time has passed: one loop does both, and never two things at once. */
export async function* withTicks<Item>(
  items: AsyncIterable<Item>,
  everyMs: number,
): AsyncGenerator<Item | undefined, void> {
  const from = items[Symbol.asyncIterator]();
  const over = new AbortController();
  const tick = (): Promise<"tick"> =>
    delay(everyMs, "tick" as const, { signal: over.signal }).catch(() => "tick" as const);
  let [coming, ticking] = [from.next(), tick()];
  try {
    for (;;) {
      // The clock first: items that come fast must not keep it from ticking.
      const first = await Promise.race([ticking, coming]);
      if (first === "tick") {
        ticking = tick();
        yield undefined;
        continue;
      }
      if (first.done === true) return;
      coming = from.next();
      yield first.value;
    }
  } finally {
    over.abort();
    coming.catch(() => undefined);
  }
}
