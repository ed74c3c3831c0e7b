import type { Case } from "../evidence.ts";
import type { ConductedRun, ConductedTask } from "../stores.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I6: every message and every task is somewhere, counters say how many where, and at the end nothing is open. */
export function judgeAccounted(given: Case): Judgement {
  const evidence = new Evidence();
  judgeReaders(given, evidence);
  const { runs, tasks } = given.stores.conductor;
  const states = new Map(given.stores.tracker.runs.map(({ run, state }) => [run, state]));
  const byRun = groupedByRun(tasks);
  for (const run of runs) {
    const over = run.status === "finished" || run.status === "refused";
    evidence.look(over ? undefined : `${run.name} is ${run.status} for the conductor`);
    if (run.status !== "finished") continue;
    const state = states.get(run.id);
    evidence.look(ends.has(state ?? "") ? undefined : `${run.name} is ${state ?? "unknown"} for the tracker`);
    judgeCounters(run, byRun.get(run.id) ?? [], evidence);
  }
  for (const { id, status } of given.stores.conductor.asks) {
    evidence.look(isOver(status) ? undefined : `somebody who was asked for ${id} has it still ${status}`);
  }
  for (const event of given.stores.conductor.outbox) {
    evidence.look(`a decision is still on its way: ${event.slice(0, 120)}`);
  }
  return evidence.judge("I6");
}

const isOver = (status: string): boolean => status === "done" || status === "skipped";

const ends = new Set(["pass", "warning", "fail", "errored", "timedout", "aborted"]);

/** The log, the quarantine and the repeats are together what the stream took; nobody is behind. */
function judgeReaders({ stores, stream, reading }: Case, evidence: Evidence): void {
  const { tracker, conductor } = stores;
  const taken = reading.kept.size + reading.refused.size + reading.repeats.size;
  const held = tracker.kept.length + tracker.withheld.length + reading.repeats.size;
  evidence.look(
    held === taken ? undefined : `${taken} messages came; log, quarantine and repeats are ${held} of them`,
  );
  for (const [name, { position }] of Object.entries({ tracker, conductor })) {
    const at = position?.epoch === stream.epoch ? position.sequence : 0;
    evidence.look(at === stream.last ? undefined : `the ${name} has read up to ${at} of ${stream.last}`);
  }
}

function groupedByRun(tasks: readonly ConductedTask[]): Map<string, ConductedTask[]> {
  const byRun = new Map<string, ConductedTask[]>();
  for (const task of tasks) {
    const others = byRun.get(task.run);
    if (others === undefined) byRun.set(task.run, [task]);
    else others.push(task);
  }
  return byRun;
}

const open = ["waiting", "ready", "running"] as const;

function judgeCounters({ name, progress }: ConductedRun, tasks: ConductedTask[], evidence: Evidence): void {
  if (progress === undefined) {
    evidence.look(`${name} has no counters`);
    return;
  }
  for (const state of open) {
    evidence.look(
      progress[state] === 0 ? undefined : `${name} is over with ${progress[state]} tasks ${state}`,
    );
  }
  const left = tasks.filter(({ status }) => !isOver(status));
  for (const { id, status } of left) evidence.look(`${id} is ${status}, and its run is over`);
  const done = Object.values(progress.done).reduce((sum, count) => sum + count, 0);
  const total = progress.skipped + done;
  const more = total === tasks.length ? undefined : `${name} counts ${total} tasks and has ${tasks.length}`;
  evidence.look(more);
  const skipped = tasks.filter(({ status }) => status === "skipped").length;
  evidence.look(
    skipped === progress.skipped ? undefined : `${name} counts ${progress.skipped} skipped, has ${skipped}`,
  );
}
