import type { z } from "zod";
import type { Outcome } from "@jackfield/spec/event/outcome";
import type { ProblemReport } from "@jackfield/spec/event/problem";
import type { runFinished, runStarted } from "@jackfield/spec/facts/run";

export interface RunScope {
  organization: string;
  project: string;
  subproject?: string;
  stage?: string;
}

export type Pinned = z.output<typeof runStarted.data>;
export type Verdict = z.output<typeof runFinished.data>["verdict"];

/** Somebody steered a run; `event` is the id of the fact. */
export interface Steered {
  event: string;
  by?: string;
  reason?: string;
}

/** Counters of a run; its tasks are rows of their own. */
export interface Progress {
  waiting: number;
  ready: number;
  running: number;
  skipped: number;
  done: Partial<Record<Outcome, number>>;
  cached: number;
  workSeconds: number;
  verdict?: Verdict;
  metrics?: Record<string, number>;
  /** The first task that ended it. */
  because?: { task: string; problem?: ProblemReport; message?: string };
}

export interface RunHead {
  id: string;
  name: string;
  scope: RunScope;
  correlationid: string;
  cause: { id: string; source: string };
  traceparent?: string;
}

/** What it is called, without what it does. */
export const headOf = ({ id, name, scope, correlationid, cause, traceparent }: RunHead): RunHead => ({
  id,
  name,
  scope,
  correlationid,
  cause,
  ...(traceparent !== undefined && { traceparent }),
});

export interface RequestedRun extends RunHead {
  status: "requested";
  pinned: Pinned;
}
export interface RefusedRun extends RunHead {
  status: "refused";
  problem: ProblemReport;
}
export interface RunningRun extends RunHead {
  status: "running";
  pinned: Pinned;
  progress: Progress;
  /** How often it was steered; numbers the facts. */
  steers: number;
  paused?: Steered;
  aborted?: Steered;
}
export interface FinishedRun extends RunHead {
  status: "finished";
  pinned: Pinned;
  progress: Progress;
  steers: number;
  outcome: Outcome;
}
/** A run that began: everything that its tasks need is pinned. */
export type BegunRun = RunningRun | FinishedRun;

/** An aborted run stays aborted, also before its end is in the stream. */
export const isAborted = (run: Run): boolean =>
  run.status === "running"
    ? run.aborted !== undefined
    : run.status === "finished" && run.outcome === "aborted";

/** May work be given out in this run? Not before it runs, nor while it is paused, nor after an abort. */
export const mayGoOn = (run: Run | undefined): run is RunningRun =>
  run?.status === "running" && run.paused === undefined && run.aborted === undefined;

export type Run = RequestedRun | RefusedRun | RunningRun | FinishedRun;
