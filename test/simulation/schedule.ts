import { returnMs } from "@jackfield/conductor/live-handlers";
import { takeSlots } from "@jackfield/conductor/slots";
import type { Counters, Room } from "@jackfield/lifecycle/choose-next";
import { limitsIn } from "@jackfield/lifecycle/config-applied";
import { giveOut, giveShadows, type Prepared } from "@jackfield/lifecycle/give-out";
import { commonContract, findHandler } from "@jackfield/lifecycle/handlers";
import { noHandler } from "@jackfield/lifecycle/no-handler";
import { triggeredIdOf } from "@jackfield/lifecycle/on-its-way";
import { mayGoOn, type BegunRun, type RunningRun } from "@jackfield/lifecycle/runs";
import { asksOf } from "@jackfield/lifecycle/several";
import { mayShadow } from "@jackfield/lifecycle/shadows";
import { decideForeach, itemOf, itemsAhead, type Lists } from "@jackfield/lifecycle/story-foreach";
import {
  answerForNobody,
  keyOf,
  resolveInputs,
  sourcesOf,
  type Askable,
} from "@jackfield/lifecycle/trigger-task";
import { taskEventId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { foreachCapability } from "@jackfield/spec/project/workflow";
import type { Desk } from "./desk.ts";
import { catalogue, ownLimits } from "./plant.ts";

interface Ready<Run extends BegunRun = RunningRun> {
  run: Run;
  task: Askable;
}

/** What every conductor shares: the artifacts that hold lists. */
export interface Occasion {
  lists: Lists;
  now: string;
}

/** Gives out what can be given out now, as the shell does: primaries, then shadows. */
export function schedule(desk: Desk, { lists, now }: Occasion): CloudEvent[] {
  const own = decideForeach(desk.rows, lists, now).filter(({ id }) => !desk.decided(id));
  const ready = readyTasks(desk);
  const prepared = ready.map((one) => prepare(desk, { lists, now }, one));
  const able = prepared.flatMap((one) => (one === "wait" || Array.isArray(one) ? [] : [one]));
  const nobody = prepared.flatMap((one) => (Array.isArray(one) ? one : []));
  const given = giveOut(able, { ...roomNow(desk), leading: leadingNow(desk) }, now);
  takeSlots(desk, able, given);
  const begun = new Set([...nobody, ...given].map(({ id }) => id));
  const left = ready.filter(({ run, task }) => !begun.has(triggeredIdOf(run, task)));
  return [...own, ...nobody, ...given, ...scheduleShadows(desk, left, { lists, now })];
}

function readyTasks(desk: Desk): Ready[] {
  const { rows, atWork, nowMs } = desk;
  const rested = [...atWork.ready].flatMap(([key, waiting]) => {
    const task = waiting.in === "asks" ? rows.asks.get(key) : rows.tasks.get(key);
    const run = rows.runs.get(waiting.run);
    const isOurs = task?.capability === foreachCapability;
    if (task?.status !== "ready" || isOurs || !mayGoOn(run) || waiting.restUntilMs > nowMs) return [];
    return [{ run, task }];
  });
  return [...rested, ...itemsAhead(rows)]
    .flatMap(({ run, task }) => asksOf(run, task).map((one) => ({ run, task: one })))
    .filter(({ run, task }) => !desk.decided(triggeredIdOf(run, task)));
}

function scheduleShadows(desk: Desk, left: Ready[], { lists, now }: Occasion): CloudEvent[] {
  const waiting = new Set(left.map(({ task }) => task.capability));
  const prepared = [...desk.atWork.shadows.keys()].flatMap((key) => {
    const ask = desk.rows.asks.get(key);
    const run = ask === undefined ? undefined : desk.rows.runs.get(ask.run);
    if (ask?.status !== "ready" || !mayShadow(run)) return [];
    const { id: task, handler, attempt } = ask;
    if (desk.decided(taskEventId({ task, handler, attempt }, "triggered"))) return [];
    return [prepare(desk, { lists, now }, { run, task: ask })];
  });
  const able = prepared.flatMap((one) => (one === "wait" || Array.isArray(one) ? [] : [one]));
  const { load, ...room } = roomNow(desk);
  const given = giveShadows(able, waiting, { ...room, load: load.forShadows() }, now);
  takeSlots(desk, able, given);
  return given;
}

/** A task with what giving it out needs; or what is said when nobody can do it; or it is too early to say. */
function prepare(
  desk: Desk,
  { lists, now }: Occasion,
  { run, task }: Ready<BegunRun>,
): Prepared | CloudEvent[] | "wait" {
  const { rows: state, live } = desk;
  const handler = task.handler ?? run.pinned.bindings[task.capability] ?? task.capability;
  const ours = catalogue.get(task.capability)?.version;
  const found = live.find(run.scope.project, handler);
  const contract = found === undefined ? undefined : commonContract(found.description, task.capability, ours);
  if (found === undefined || contract === undefined) {
    if (found === undefined && mayStillCome(desk, run, handler)) return "wait";
    const asked = { scope: run.scope, capability: task.capability, handler, silentSeconds: undefined };
    const nobody = { handler, contract: ours ?? "1.0.0", problem: noHandler(state, asked, catalogue) };
    return answerForNobody(run, task, nobody, now);
  }
  const { version, environment } = found.description;
  const who = { handler, version, environment, contract };
  const sources = sourcesOf(run, task).flatMap((id) => state.tasks.get(id) ?? []);
  const inputs = resolveInputs(run, task, sources, itemOf(state, lists, run, task));
  const key = keyOf(run, task, who, { inputs, catalogue });
  const kept = key === undefined ? undefined : state.cache.get(key);
  return { run, task, who, slots: found.key, inputs, key, kept, limits: ownLimits };
}

/** Just after a start, handlers have had no time to say that they are there. */
function mayStillCome({ rows, nowMs, activeSinceMs }: Desk, run: BegunRun, handler: string): boolean {
  const known = findHandler(rows, run.scope.project, handler);
  const activeMs = nowMs - activeSinceMs;
  return known === undefined ? activeMs < 2_000 : !known.lost || activeMs < returnMs;
}

function roomNow({ atWork, live, rows }: Desk): Room & { load: Counters } {
  const free = new Map<string, number>();
  for (const key of live.keys()) free.set(key, (live.get(key)?.concurrency ?? 0) - atWork.running(key));
  return { free, load: atWork.load, limits: limitsIn(rows) };
}

function leadingNow({ atWork, rows }: Desk): Set<string> {
  const leading = new Set<string>();
  for (const { key, run } of atWork.taken()) {
    if (key !== undefined && mayGoOn(rows.runs.get(run))) leading.add(key);
  }
  return leading;
}
