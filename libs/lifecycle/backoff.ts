import { sha256 } from "@jackfield/spec/event/canonical";

const baseMs = 1_000;
const longestMs = 60_000;

/**
 * Rest before an attempt, ms: exponential with full jitter (Brooker 2015), the jitter drawn from the task and the
 * attempt, so that it is the same whoever computes it.
 */
export function restBefore(task: string, attempt: number): number {
  const cap = Math.min(longestMs, baseMs * 2 ** Math.max(0, attempt - 2));
  return Math.round((sha256(`${task}/${attempt}`).readUInt32BE(0) / 2 ** 32) * cap);
}
