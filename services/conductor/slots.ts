import { askKey } from "@jackfield/lifecycle/asks";
import type { Counters, Room } from "@jackfield/lifecycle/choose-next";
import { limitsIn } from "@jackfield/lifecycle/config-applied";
import type { Prepared } from "@jackfield/lifecycle/give-out";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Desk } from "./desk.ts";
import type { Surroundings } from "./prepare.ts";

/** Free slots of whoever is alive, and how much is at work. */
export function roomNow(
  { atWork, working }: Desk,
  { live }: Surroundings,
): Room & { free: Map<string, number>; load: Counters } {
  const free = new Map<string, number>();
  for (const key of live.keys()) free.set(key, (live.get(key)?.concurrency ?? 0) - atWork.running(key));
  return { free, load: atWork.load, limits: limitsIn(working.state) };
}

/** Whoever was given work holds a slot from now on, not only when that is read back. */
export function takeSlots(
  { atWork }: Pick<Desk, "atWork">,
  able: readonly Prepared[],
  given: readonly CloudEvent[],
): void {
  const byId = new Map(able.map((prepared) => [askKey(prepared.task.id, prepared.who.handler), prepared]));
  const keys = given.map(({ subject = "", handler = "" }) => askKey(subject, handler));
  // What the cache answers comes with its `finished` and takes no slot.
  const answered = new Set(keys.filter((_, index) => given[index]?.status !== undefined));
  for (const key of keys) {
    const prepared = byId.get(key);
    if (prepared === undefined || answered.has(key)) continue;
    const { run, task, who, slots, key: cachekey } = prepared;
    const { capability, role = "primary" } = task;
    const place = { run: run.id, project: run.scope.project, capability, handler: who.handler, role };
    atWork.take(task.role === undefined ? task.id : key, { ...place, slots, key: cachekey });
  }
}
