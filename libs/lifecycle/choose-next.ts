/** A task that waits for a slot of its handler. */
export interface Candidate {
  task: string;
  run: string;
  project: string;
  handler: string;
}

/** What is at work now. */
export interface Load {
  byProject: ReadonlyMap<string, number>;
  byRun: ReadonlyMap<string, number>;
}

/**
 * Who gets the free slots: the project with the fewest running tasks, within it the run with the fewest, within that
 * the task that has been ready longest. `ready` is in the order in which tasks became ready.
 */
export function chooseNext(
  ready: readonly Candidate[],
  free: ReadonlyMap<string, number>,
  load: Load,
): Candidate[] {
  const slots = new Map(free);
  const queues = queuesOf(ready.filter(({ handler }) => (slots.get(handler) ?? 0) > 0));
  const running = { byProject: new Map(load.byProject), byRun: new Map(load.byRun) };
  const chosen: Candidate[] = [];
  for (;;) {
    const next = fairest(queues, running);
    if (next === undefined) return chosen;
    const left = slots.get(next.handler) ?? 0;
    takeFrom(queues, next);
    if (left === 0) continue;
    chosen.push(next);
    slots.set(next.handler, left - 1);
    add(running.byProject, next.project);
    add(running.byRun, next.run);
  }
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
    const count = busy.get(name) ?? 0;
    if (count < fewest) [best, fewest] = [name, count];
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

const add = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1);
