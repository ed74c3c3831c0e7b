import type { WorkLimits } from "@jackfield/spec/project/limits";
import type { Role } from "./asks.ts";

/** A task that waits for a slot of its handler. */
export interface Candidate {
  /** Names it among the candidates. */
  task: string;
  run: string;
  project: string;
  capability: string;
  handler: string;
  /** Whose slots it takes: handlers of two projects may have one name. */
  slots: string;
}

/** Where a task at work is counted. */
export type Place = Omit<Candidate, "task" | "slots">;

/** What is at work now, counted by place. */
export interface Load {
  byProject: ReadonlyMap<string, number>;
  byRun: ReadonlyMap<string, number>;
  /** `<project>/<capability>` */
  byCapability: ReadonlyMap<string, number>;
  /** `<project>/<handler>` */
  byHandler: ReadonlyMap<string, number>;
}

export type LimitsOf = (project: string) => WorkLimits | undefined;

export interface Room {
  /** Free slots by owner. */
  free: ReadonlyMap<string, number>;
  load: Load;
  limits: LimitsOf;
}

/**
 * Who gets the free slots: the project with the fewest running tasks, within it the run with the fewest, within that
 * the task that has been ready longest. `ready` is in the order in which tasks became ready.
 */
export function chooseNext(ready: readonly Candidate[], room: Room): Candidate[] {
  const free = new Map(room.free);
  const load = Counters.from(room.load);
  const fits = (one: Candidate): boolean =>
    (free.get(one.slots) ?? 0) > 0 && limitReached(one, load, room.limits) === undefined;
  const queues = queuesOf(ready.filter(fits));
  const chosen: Candidate[] = [];
  for (;;) {
    const next = fairest(queues, load);
    if (next === undefined) return chosen;
    takeFrom(queues, next);
    if (!fits(next)) continue;
    chosen.push(next);
    free.set(next.slots, (free.get(next.slots) ?? 0) - 1);
    load.add(next, 1);
  }
}

/** The limit of its project that leaves no room for a task now, in words; undefined when there is room. */
export function limitReached(
  { project, capability, handler }: Place,
  load: Load,
  limits: LimitsOf,
): string | undefined {
  const said = limits(project);
  if (said === undefined) return undefined;
  const full = (most: number | undefined, running: number | undefined): most is number =>
    most !== undefined && (running ?? 0) >= most;
  const ofCapability = said.capabilities?.[capability];
  const ofHandler = said.handlers?.[handler];
  const at = (what: string, most: number): string => `${project} has ${most} at work${what}, its limit`;
  if (full(said.running, load.byProject.get(project))) return at("", said.running);
  if (full(ofCapability, load.byCapability.get(`${project}/${capability}`)))
    return at(` for ${capability}`, ofCapability);
  return full(ofHandler, load.byHandler.get(`${project}/${handler}`))
    ? at(` at ${handler}`, ofHandler)
    : undefined;
}

/**
 * Counts what is at work; what is at nought is not held. A shadow counts for its handler, as it takes a place there, and
 * beside that only against other shadows, so that no primary waits because of it.
 */
export class Counters implements Load {
  readonly byProject = new Map<string, number>();
  readonly byRun = new Map<string, number>();
  readonly byCapability = new Map<string, number>();
  readonly byHandler = new Map<string, number>();
  #shadows: Counters | undefined;

  /** Counts further from there. */
  static from(load: Load): Counters {
    const copy = new Counters();
    copy.#take(load, ["byProject", "byRun", "byCapability", "byHandler"]);
    return copy;
  }

  add(place: Place, by: number, role: Role = "primary"): void {
    const { project, run, capability, handler } = place;
    count(this.byHandler, `${project}/${handler}`, by);
    if (role === "shadow") {
      this.#shadows ??= new Counters();
      this.#shadows.add(place, by);
      return;
    }
    count(this.byProject, project, by);
    count(this.byRun, run, by);
    count(this.byCapability, `${project}/${capability}`, by);
  }

  /** As a shadow sees it: everybody is before it. */
  forShadows(): Counters {
    const all = Counters.from(this);
    if (this.#shadows !== undefined) all.#take(this.#shadows, ["byProject", "byRun", "byCapability"]);
    return all;
  }

  #take(load: Load, which: readonly (keyof Load)[]): void {
    for (const counts of which)
      for (const [name, running] of load[counts]) count(this[counts], name, running);
  }
}

export function count(counts: Map<string, number>, name: string, by: number): void {
  const next = (counts.get(name) ?? 0) + by;
  if (next === 0) counts.delete(name);
  else counts.set(name, next);
}

/** project → run → its tasks, oldest first. */
type Queues = Map<string, Map<string, Candidate[]>>;

function queuesOf(ready: readonly Candidate[]): Queues {
  const queues: Queues = new Map();
  for (const candidate of ready) {
    const runs = queues.get(candidate.project) ?? new Map<string, Candidate[]>();
    queues.set(candidate.project, runs);
    const tasks = runs.get(candidate.run);
    if (tasks === undefined) runs.set(candidate.run, [candidate]);
    else tasks.push(candidate);
  }
  return queues;
}

function fairest(queues: Queues, { byProject, byRun }: Load): Candidate | undefined {
  const project = leastBusy(queues.keys(), byProject);
  const runs = project === undefined ? undefined : queues.get(project);
  const run = runs === undefined ? undefined : leastBusy(runs.keys(), byRun);
  return run === undefined ? undefined : runs?.get(run)?.[0];
}

/** The first of the least busy: ties go to who has waited longest. */
function leastBusy(names: Iterable<string>, busy: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  let fewest = Infinity;
  for (const name of names) {
    const running = busy.get(name) ?? 0;
    if (running < fewest) [best, fewest] = [name, running];
  }
  return best;
}

function takeFrom(queues: Queues, { project, run }: Candidate): void {
  const runs = queues.get(project);
  const tasks = runs?.get(run);
  tasks?.shift();
  if (tasks?.length === 0) runs?.delete(run);
  if (runs?.size === 0) queues.delete(project);
}
