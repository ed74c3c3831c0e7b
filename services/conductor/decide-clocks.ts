import { clockThatRanOut } from "@jackfield/lifecycle/clocks";
import { timedOut } from "@jackfield/lifecycle/finish-in-place";
import { lossOf } from "@jackfield/lifecycle/handlers";
import { isOpen } from "@jackfield/lifecycle/tasks";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Conductor } from "./conductor.ts";
import { lostAfterMs } from "./live-handlers.ts";

/** Handlers that were there before this process became active have this long to say that they still are. */
const returnMs = 10_000;

/** What the clocks say: attempts that took too long, handlers that are gone. Said first, acted upon when read back. */
export const decideClocks = (conductor: Conductor, now: string, nowMs = performance.now()): CloudEvent[] => [
  ...overdue(conductor, now, nowMs),
  ...lost(conductor, now, nowMs),
];

function overdue({ atWork, state, catalogue }: Conductor, now: string, nowMs: number): CloudEvent[] {
  const events: CloudEvent[] = [];
  for (const [id, heard] of atWork.heard) {
    const task = state.tasks.get(id);
    const run = task === undefined ? undefined : state.runs.get(task.run);
    if (task === undefined || run === undefined || !isOpen(task)) continue;
    const clock = clockThatRanOut(task, heard, nowMs);
    const external = catalogue.get(task.capability)?.effects === "external";
    if (clock !== undefined) events.push(timedOut(run, task, clock, { now, external }));
  }
  return events;
}

function lost({ state, live, activeSinceMs }: Conductor, now: string, nowMs: number): CloudEvent[] {
  const events: CloudEvent[] = [];
  for (const known of state.handlers.values()) {
    if (known.lost) continue;
    const heardMs = live.heardMs(known.key);
    const silentMs = nowMs - (heardMs ?? activeSinceMs);
    if (silentMs > (heardMs === undefined ? returnMs : lostAfterMs)) {
      events.push(lossOf(known, Math.round(silentMs / 1_000), now));
    }
  }
  return events;
}
