import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Answering } from "./cache-key.ts";
import { chooseNext, type Candidate, type Room } from "./choose-next.ts";
import { answerFromCache, asksCache, triggerTask, type Askable, type OwnLimits } from "./trigger-task.ts";
import type { BegunRun } from "./runs.ts";
import type { CacheEntry } from "./state.ts";

/** A ready task with everything that giving it out needs. */
export interface Prepared {
  run: BegunRun;
  task: Askable;
  who: Answering;
  /** Whose slots it takes. */
  slots: string;
  inputs: Record<string, unknown>;
  key: string | undefined;
  limits?: OwnLimits;
  /** What the cache holds for it, its artifacts seen. */
  kept: CacheEntry | undefined;
}

export interface Slots extends Room {
  /** Keys that somebody is working on now, in a run that is neither paused nor aborted. */
  leading: ReadonlySet<string>;
}

/**
 * Ready tasks, oldest first → what is given out now. A kept answer needs no slot; of tasks with equal keys one leads
 * and the others wait for its answer; the rest share the free slots fairly.
 */
export function giveOut(ready: readonly Prepared[], { leading, ...room }: Slots, now: string): CloudEvent[] {
  const published: CloudEvent[] = [];
  const led = new Set(leading);
  const candidates: Prepared[] = [];
  for (const prepared of ready) {
    const { run, task, key, kept } = prepared;
    const shares = key !== undefined && asksCache(run, task);
    if (shares && kept !== undefined) {
      published.push(...answerFromCache(run, task, { ...prepared, entry: kept }, now));
    } else if (!shares) candidates.push(prepared);
    else if (!led.has(key)) {
      led.add(key);
      candidates.push(prepared);
    }
  }
  return [...published, ...giveSlots(candidates, room, now)];
}

/**
 * Shadows get the slots that are left, and only while no primary of their capability waits for one: `waiting` are the
 * capabilities for which somebody does.
 */
export const giveShadows = (
  ready: readonly Prepared[],
  waiting: ReadonlySet<string>,
  room: Room,
  now: string,
): CloudEvent[] =>
  giveSlots(
    ready.filter(({ task }) => !waiting.has(task.capability)),
    room,
    now,
  );

function giveSlots(ready: readonly Prepared[], room: Room, now: string): CloudEvent[] {
  const byPlace = new Map(ready.map((prepared) => [placeOf(prepared), prepared]));
  return chooseNext([...byPlace.keys()], room).flatMap((place) => {
    const prepared = byPlace.get(place);
    return prepared === undefined ? [] : [triggerTask(prepared.run, prepared.task, prepared, now)];
  });
}

const placeOf = ({ task, run, who, slots }: Prepared): Candidate => ({
  task: task.id,
  run: run.id,
  project: run.scope.project,
  capability: task.capability,
  handler: who.handler,
  slots,
});
