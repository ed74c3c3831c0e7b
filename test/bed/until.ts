import { setTimeout as delay } from "node:timers/promises";

type Nothing = undefined | null | false;

/**
 * Waits until `probe` gives something (not undefined, null or false) and answers with it. A probe that throws has not
 * given anything yet. At the deadline the error says what was waited for and what the last try gave.
 */
export async function until<T>(
  what: string,
  probe: () => T | Nothing | Promise<T | Nothing>,
  { withinMs = 10_000, everyMs = 5 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== null && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      const reason = last instanceof Error ? ` (the last try: ${last.message})` : "";
      throw new Error(`waited ${withinMs} ms for ${what}${reason}`, { cause: last });
    }
    await delay(everyMs);
  }
}
