import { setTimeout as delay } from "node:timers/promises";

/** How long to wait before try number `attempt` (from 1): exponential with full jitter (Brooker 2015), at most `mostMs`. */
export const pauseMs = (attempt: number, mostMs = 2_000, leastMs = 20): number =>
  leastMs + Math.random() * Math.min(mostMs, 50 * 2 ** Math.min(attempt, 10));

/** Waits that long, or until the signal aborts; never throws. */
export const pause = (attempt: number, signal: AbortSignal, mostMs?: number): Promise<void> =>
  delay(pauseMs(attempt, mostMs), undefined, { signal }).catch(() => undefined);
