import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { expandForeach } from "@jackfield/lifecycle/foreach";
import { giveOut, type Prepared } from "@jackfield/lifecycle/give-out";
import { mayGoOn, type RunningRun } from "@jackfield/lifecycle/runs";
import { triggeredIdOf } from "@jackfield/lifecycle/on-its-way";
import { asksOf } from "@jackfield/lifecycle/several";
import type { CacheEntry } from "@jackfield/lifecycle/state";
import { answerForNobody, asksCache, type Askable } from "@jackfield/lifecycle/trigger-task";
import type { Digest } from "@jackfield/spec/event/artifact";
import { digest } from "@jackfield/spec/event/artifact";
import { partsOfItem } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Waiting } from "./at-work.ts";
import type { Desk } from "./desk.ts";
import { linesFor } from "./lines.ts";
import { prepare, type Preparation, type Surroundings } from "./prepare.ts";
import { scheduleShadows } from "./schedule-shadows.ts";
import { roomNow, takeSlots } from "./slots.ts";

interface Ready {
  run: RunningRun;
  task: Askable;
  waiting: Waiting;
}

/** Gives out what can be given out now: the decisions, and who holds which slot from now on. */
export async function schedule(desk: Desk, now: string): Promise<CloudEvent[]> {
  const around = desk.surroundings();
  desk.unfolding.fill(around);
  const ready = readyTasks(desk, around);
  const primaries = ready.length === 0 ? [] : await givePrimaries(desk, ready, { around, now });
  for (const { subject = "" } of primaries) desk.unfolding.given(subject);
  const given = [...desk.joins.decide(now), ...primaries];
  if (desk.atWork.shadows.size === 0) return given;
  const begun = new Set(given.map(({ id }) => id));
  const left = ready.filter(({ run, task }) => !begun.has(triggeredIdOf(run, task)));
  const waiting = new Set(left.map(({ task }) => task.capability));
  return [...given, ...(await scheduleShadows(desk, { around, now, waiting }))];
}

async function givePrimaries(
  desk: Desk,
  ready: Ready[],
  { around, now }: { around: Surroundings; now: string },
): Promise<CloudEvent[]> {
  const prepared = await prepareAll(desk, ready, around);
  const nobody = prepared.flatMap(({ run, task, preparation }) => {
    if (preparation.kind === "list") return [expandForeach(run, task, preparation.inputs, now)];
    return preparation.kind === "nobody" ? answerForNobody(run, task, preparation, now) : [];
  });
  const able = prepared.flatMap(({ preparation }) =>
    preparation.kind === "prepared" ? [preparation.prepared] : [],
  );
  const given = giveOut(able, { ...roomNow(desk, around), leading: leadingNow(desk) }, now);
  takeSlots(desk, able, given);
  return [...nobody, ...given];
}

/** What waits to be given out, of several handlers each by itself, and was not decided already. */
function readyTasks(desk: Desk, around: Surroundings): Ready[] {
  const { state, atWork, unfolding, decided } = desk;
  const found: Ready[] = [];
  const isFutile = futile(desk, around);
  for (const [key, waiting] of atWork.ready) {
    if (isFutile(waiting)) continue;
    const row = waiting.item ?? (waiting.in === "asks" ? state.asks.get(key) : state.tasks.get(key));
    const run = state.runs.get(waiting.run);
    if (row?.status !== "ready" || !mayGoOn(run)) continue;
    for (const task of asksOf(run, row)) {
      if (decided(triggeredIdOf(run, task))) unfolding.given(key);
      else found.push({ run, task, waiting: task === row ? waiting : { ...waiting } });
    }
  }
  return found;
}

/** Who rests, or is known to need a worker where none is free, is not looked at further: there may be very many. */
function futile(desk: Desk, around: Surroundings): (waiting: Waiting) => boolean {
  const { free } = roomNow(desk, around);
  // A shadow has to know who waits.
  const mayHide = desk.atWork.shadows.size === 0;
  return ({ restUntilMs, prepared }) =>
    restUntilMs > around.nowMs ||
    (mayHide && prepared !== undefined && prepared.kept === undefined && free.get(prepared.slots) === 0);
}

/** Inputs, key and what the cache holds, for all at once; who was prepared before keeps what was found out. */
async function prepareAll(
  desk: Desk,
  ready: Ready[],
  around: Surroundings,
): Promise<(Ready & { preparation: Preparation })[]> {
  const items = ready.filter((one) => partsOfItem(one.task.id) !== undefined);
  const unread = items.filter((one) => keptOr(one, around) === undefined).map(({ task }) => task);
  const lines = await linesFor(desk, unread);
  const step = (): (Ready & { preparation: Preparation })[] =>
    ready.map((one) => {
      const { run, task } = one;
      const preparation = keptOr(one, around) ?? prepare(run, task, around, lines.get(task.id));
      return { ...one, preparation };
    });
  const prepared = await desk.working.complete(step, () => void step());
  const fresh = new Map<Waiting, Prepared>();
  for (const { waiting, preparation } of prepared) {
    if (preparation.kind === "wait") waiting.why = preparation.why;
    if (preparation.kind !== "prepared" || waiting.prepared === preparation.prepared) continue;
    fresh.set(waiting, preparation.prepared);
  }
  await askCache(desk, [...fresh.values()]);
  for (const [waiting, found] of fresh) {
    waiting.prepared = found;
    waiting.why = `waits for a free worker of ${found.who.handler}`;
  }
  return prepared;
}

/** What the cache holds for them. A hit is worth nothing when its bytes are gone. */
async function askCache({ working, artifacts }: Desk, fresh: readonly Prepared[]): Promise<void> {
  const lookUp = (): (CacheEntry | undefined)[] =>
    fresh.map(({ run, task, key }) =>
      key !== undefined && asksCache(run, task) ? working.state.cache.get(key) : undefined,
    );
  const found = await working.complete(lookUp, () => void lookUp());
  for (const [index, prepared] of fresh.entries()) {
    const kept = found[index];
    if (kept !== undefined && (await allThere(artifacts(), kept.outputs))) prepared.kept = kept;
  }
}

/** What was found out before still holds while the handler is there in the same version. */
function keptOr({ run, waiting }: Ready, { live }: Surroundings): Preparation | undefined {
  const { prepared } = waiting;
  if (prepared === undefined) return undefined;
  const found = live.get(prepared.slots)?.description;
  const same = found?.version === prepared.who.version && found.environment === prepared.who.environment;
  return same ? { kind: "prepared", prepared: Object.assign(prepared, { run }) } : undefined;
}

async function allThere(artifacts: Artifacts, outputs: unknown): Promise<boolean> {
  const found = await Promise.all(digestsIn(outputs).map((one) => artifacts.has(one)));
  return found.every(Boolean);
}

function digestsIn(value: unknown): Digest[] {
  if (typeof value !== "object" || value === null) return [];
  if ("mediaType" in value && "digest" in value) {
    const named = digest.safeParse(value.digest);
    return named.success ? [named.data] : [];
  }
  return Object.values(value).flatMap(digestsIn);
}

/** Keys that somebody is working on now, in a run that goes on. */
function leadingNow({ atWork, working }: Desk): Set<string> {
  const leading = new Set<string>();
  for (const { key, run } of atWork.taken()) {
    // One of several may be at work when its run is over and out of memory.
    if (key !== undefined && working.holds(run) && mayGoOn(working.state.runs.get(run))) leading.add(key);
  }
  return leading;
}
