import { runAborted, runFinished, runPaused, runResumed, runStarted } from "@jackfield/spec/facts/run";
import { sourceOfService } from "@jackfield/spec/event/ids";
import type { Position } from "@jackfield/spec/event/position";
import type { KeptEvent } from "../kept-event.ts";

/** What a batch says of one run. */
export interface RunChange {
  run: string;
  started?: {
    project: string;
    subproject: string | undefined;
    runname: string;
    workflow: string;
    correlationid: string | undefined;
    position: Position;
    storedMs: number;
  };
  state?: string;
  finished?: { verdict: string; tasks: number; cached: number; storedMs: number };
}

const startedHead = runStarted.data.pick({ runname: true, workflow: true });
const finishedHead = runFinished.data.pick({ outcome: true, verdict: true, tasks: true });

const stateAfter = new Map([
  [runPaused.type, "paused"],
  [runResumed.type, "running"],
  [runAborted.type, "aborted"],
]);

/**
 * Events in stream order → what changed, one change a run, sorted by run. Only the conductor's facts count. A run that
 * finished stays as it is, and one that was aborted can only finish.
 */
export function foldRuns(events: readonly KeptEvent[]): RunChange[] {
  const changes = new Map<string, RunChange>();
  for (const kept of events) {
    const { run, source } = kept.event;
    if (run === undefined || source !== sourceOfService("conductor")) continue;
    const change = changes.get(run) ?? { run };
    if (apply(change, kept)) changes.set(run, change);
  }
  return [...changes.values()].sort((a, b) => (a.run < b.run ? -1 : 1));
}

/** Does the event say anything about the run? */
function apply(change: RunChange, kept: KeptEvent): boolean {
  const { type } = kept.event;
  if (type === runStarted.type) return start(change, kept);
  if (type === runFinished.type) return finish(change, kept);
  const state = stateAfter.get(type);
  if (state === undefined) return false;
  moveTo(change, state);
  return true;
}

function moveTo(change: RunChange, state: string): void {
  if (change.finished === undefined && change.state !== "aborted") change.state = state;
}

function start(change: RunChange, { event, position, storedMs }: KeptEvent): boolean {
  const data = startedHead.safeParse(event.data);
  if (!data.success || change.started !== undefined) return false;
  change.started = {
    project: event.project ?? "",
    subproject: event.subproject,
    runname: data.data.runname,
    workflow: data.data.workflow.name,
    correlationid: event.correlationid,
    position,
    storedMs,
  };
  moveTo(change, "running");
  return true;
}

function finish(change: RunChange, { event, storedMs }: KeptEvent): boolean {
  const data = finishedHead.safeParse(event.data);
  if (!data.success || change.finished !== undefined) return false;
  const { outcome, verdict, tasks } = data.data;
  change.state = outcome;
  change.finished = { verdict, tasks: tasks.total, cached: tasks.cached, storedMs };
  return true;
}
