import type { LogEntry } from "@jackfield/events/log-entry";

/** How soon after a fault each service has to handle a new event. */
export const soonMs = 10_000;

/** The longest that anybody let the others wait: each event but the first is the answer to one before. */
export function slowest(said: readonly LogEntry[], sinceMs: number): number {
  const times = [sinceMs, ...said.map(({ storedMs }) => storedMs)];
  return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
}
