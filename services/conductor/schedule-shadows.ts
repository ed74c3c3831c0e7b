import type { ReadyAsk } from "@jackfield/lifecycle/asks";
import { giveShadows } from "@jackfield/lifecycle/give-out";
import type { BegunRun } from "@jackfield/lifecycle/runs";
import { mayShadow } from "@jackfield/lifecycle/shadows";
import { answerForNobody } from "@jackfield/lifecycle/trigger-task";
import { taskEventId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Desk } from "./desk.ts";
import { linesFor } from "./lines.ts";
import { prepare, type Preparation, type Surroundings } from "./prepare.ts";
import { roomNow, takeSlots } from "./slots.ts";

interface Occasion {
  around: Surroundings;
  now: string;
  /** Capabilities for which a primary waits. */
  waiting: ReadonlySet<string>;
}

/** Gives shadows what is left, after the primaries. */
export async function scheduleShadows(desk: Desk, { around, now, waiting }: Occasion): Promise<CloudEvent[]> {
  const picked = pick(desk, around, waiting);
  if (picked.length === 0) return [];
  const prepared = await prepareAll(desk, picked, around);
  const nobody = prepared.flatMap(({ run, ask, preparation }) =>
    preparation.kind === "nobody" ? answerForNobody(run, ask, preparation, now) : [],
  );
  const able = prepared.flatMap(({ preparation }) =>
    preparation.kind === "prepared" ? [preparation.prepared] : [],
  );
  const room = roomNow(desk, around);
  const given = giveShadows(able, waiting, { ...room, load: room.load.forShadows() }, now);
  takeSlots(desk, able, given);
  return [...nobody, ...given];
}

/** No more than there are free slots, so that a long line of shadows costs nothing while it waits. */
function pick(desk: Desk, around: Surroundings, waiting: ReadonlySet<string>): ReadyAsk[] {
  const { free } = roomNow(desk, around);
  const picked: ReadyAsk[] = [];
  for (const [key] of desk.atWork.shadows) {
    const ask = desk.state.asks.get(key);
    if (ask?.status !== "ready" || waiting.has(ask.capability) || !goesOn(desk, ask)) continue;
    const { id: task, handler, attempt } = ask;
    if (desk.decided(taskEventId({ task, handler, attempt }, "triggered"))) continue;
    const found = around.live.find(ask.head.scope.project, handler);
    const left = found === undefined ? 0 : (free.get(found.key) ?? 0);
    if (found === undefined || left <= 0) continue;
    free.set(found.key, left - 1);
    picked.push(ask);
  }
  return picked;
}

/** A run that is not in memory is over. */
const goesOn = ({ working, state }: Desk, { run }: ReadyAsk): boolean =>
  !working.holds(run) || mayShadow(state.runs.get(run));

interface Picked {
  ask: ReadyAsk;
  run: BegunRun;
  preparation: Preparation;
}

async function prepareAll(desk: Desk, picked: ReadyAsk[], around: Surroundings): Promise<Picked[]> {
  const { working, state } = desk;
  const lines = await linesFor(desk, picked);
  const step = (): Picked[] =>
    picked.flatMap((ask) => {
      const run = state.runs.get(ask.run);
      return mayShadow(run) ? [{ ask, run, preparation: prepare(run, ask, around, lines.get(ask.id)) }] : [];
    });
  return working.complete(step, () => void step());
}
