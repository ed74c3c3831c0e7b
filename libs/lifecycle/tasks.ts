import type { Digest } from "@jackfield/spec/event/artifact";
import type { Outcome } from "@jackfield/spec/event/outcome";
import type { Position } from "@jackfield/spec/event/position";
import type { ProblemReport } from "@jackfield/spec/event/problem";
import type { Limits } from "@jackfield/spec/event/task";

export interface TaskHead {
  id: string;
  run: string;
  step: string;
  capability: string;
}

export interface WaitingTask extends TaskHead {
  status: "waiting";
  /** How many of the steps it needs are not done. */
  missing: number;
}
export interface ReadyTask extends TaskHead {
  status: "ready";
  /** The attempt that comes next. */
  attempt: number;
  /** Attempts that count against the limit: all but those that were handed back. */
  spent: number;
  /** The event that made it ready, and its place: who has waited longest comes first, also after a restart. */
  cause: string;
  since: Position;
  /** How long the shell lets it rest before the next attempt. */
  restMs: number;
}
export interface OpenTask extends TaskHead {
  status: "triggered" | "started";
  attempt: number;
  spent: number;
  handler: string;
  triggeredid: string;
  /** The version of the contract in which it was addressed. */
  contract: string;
  limits: Limits;
  cached: boolean;
  cachekey?: string;
  parts?: CacheParts;
  instance?: string;
}
/**
 * A foreach whose list is pinned. An item has a row of its own from the moment it was given out; this one stays small
 * however many there are.
 */
export interface ForeachTask extends TaskHead {
  status: "expanded";
  triggeredid: string;
  since: Position;
  items: number;
  /** The artifact of the list, when it does not stand in an event. */
  list?: Digest;
  /** All items below this one were given out, but for the gaps. */
  given: number;
  gaps: number[];
  /** Items that were given out and are not done. */
  begun: number[];
  outcomes: Partial<Record<Outcome, number>>;
  /** The first item that did not go on. */
  failed?: number;
}
/** Several handlers were asked; what each does is a row of its own, and the step says when they have answered enough. */
export interface AskedTask extends TaskHead {
  status: "asked";
  handlers: string[];
}
export interface DoneTask extends TaskHead {
  status: "done";
  outcome: Outcome;
  attempt: number;
  handler: string;
  /** The counted answer's id and place: facts are published from it once. */
  finishedid: string;
  position: Position;
  cached: boolean;
  cachekey?: string;
  parts?: CacheParts;
  problem?: ProblemReport;
  message?: string;
  /** The artifact of the list that a foreach went through. */
  list?: Digest;
  /** Outputs by handler: several may answer one task. */
  outputs: Record<string, Record<string, unknown>>;
}
export interface SkippedTask extends TaskHead {
  status: "skipped";
  /** The task whose end left nothing to do here. */
  because: string;
  /** What its `when` said. */
  why?: string;
}
export type Task = WaitingTask | ReadyTask | OpenTask | ForeachTask | AskedTask | DoneTask | SkippedTask;

/** What an answer depends on, as words that two entries can be compared by. */
export type CacheParts = Record<string, string>;

export const isOpen = <Row extends Task>(task: Row): task is Extract<Row, Pick<OpenTask, "status">> =>
  task.status === "triggered" || task.status === "started";
