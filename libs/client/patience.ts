import { setTimeout as delay } from "node:timers/promises";
import { asProblem, type Problem } from "@jackfield/problem/problem";

/** The server is away, or cannot take anything now: that passes. */
const passing = new Set<Problem["code"]>(["E_UNREACHABLE", "E_STORE_DOWN", "E_STREAM_FULL"]);
const longestPauseMs = 5_000;

/**
 * Does what may be done twice until the server is there for it, or the signal aborts: hours of work are not thrown away
 * because the door was shut for a moment. @throws what does not pass by waiting
 */
export async function patiently<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await step();
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (!passing.has(problem.code) || signal.aborted) throw problem;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
