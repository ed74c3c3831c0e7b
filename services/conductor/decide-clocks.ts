import { endedBindings } from "@jackfield/lifecycle/bindings";
import { clockThatRanOut } from "@jackfield/lifecycle/clocks";
import { timedOut } from "@jackfield/lifecycle/finish-in-place";
import { lossOf } from "@jackfield/lifecycle/handlers";
import { isOpen } from "@jackfield/lifecycle/tasks";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { AtWork } from "./at-work.ts";
import { lostAfterMs, returnMs } from "./live-handlers.ts";
import type { Surroundings } from "./prepare.ts";

type Seen = Pick<Surroundings, "state" | "live" | "catalogue" | "activeMs" | "nowMs">;

/** What the clocks say: attempts that took too long, handlers that are gone, overrides that end. Said first, acted upon when read back. */
export const decideClocks = (atWork: AtWork, around: Seen, now: string): CloudEvent[] => [
  ...overdue(atWork, around, now),
  ...lost(around, now),
  ...endedBindings(around.state, now),
];

function overdue(atWork: AtWork, { state, catalogue, nowMs }: Seen, now: string): CloudEvent[] {
  const events: CloudEvent[] = [];
  for (const [id, heard] of atWork.heard) {
    // What is asked beside a task outlives the run, and says itself what that is called.
    const ask = heard.in === "asks" ? state.asks.get(id) : undefined;
    const task = ask ?? state.tasks.get(id);
    const run = ask?.head ?? (task === undefined ? undefined : state.runs.get(task.run));
    if (task === undefined || run === undefined || !isOpen(task)) continue;
    const clock = clockThatRanOut(task, heard, nowMs);
    const external = catalogue.get(task.capability)?.effects === "external";
    if (clock !== undefined) events.push(timedOut(run, task, clock, { now, external }));
  }
  return events;
}

function lost({ state, live, activeMs, nowMs }: Seen, now: string): CloudEvent[] {
  const events: CloudEvent[] = [];
  for (const known of state.handlers.values()) {
    if (known.lost) continue;
    const heardMs = live.heardMs(known.key);
    const silentMs = heardMs === undefined ? activeMs : nowMs - heardMs;
    if (silentMs > (heardMs === undefined ? returnMs : lostAfterMs)) {
      events.push(lossOf(known, Math.round(silentMs / 1_000), now));
    }
  }
  return events;
}
