import type { Clock } from "./finish-in-place.ts";
import type { OpenTask } from "./tasks.ts";

/** When an open attempt was last heard of, ms on a clock that never jumps. */
export interface Heard {
  triggeredMs: number;
  /** Its `started`, or its newest question for a lease. */
  leasedMs: number;
}

/** The clock of an attempt that has run out, or undefined. */
export function clockThatRanOut(
  task: OpenTask,
  { triggeredMs, leasedMs }: Heard,
  nowMs: number,
): Clock | undefined {
  const { startSeconds, leaseSeconds, finishSeconds } = task.limits;
  if (task.status === "triggered") return nowMs - triggeredMs > startSeconds * 1_000 ? "start" : undefined;
  if (nowMs - leasedMs > leaseSeconds * 1_000) return "lease";
  return nowMs - triggeredMs > finishSeconds * 1_000 ? "finish" : undefined;
}
