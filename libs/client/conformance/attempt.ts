import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { outcomeOf, type Outcome } from "@jackfield/spec/event/outcome";
import { finish } from "@jackfield/spec/http/handlers";
import type { Row } from "../parquet.ts";

/** What a handler says of a task. `heartbeat` is the question whether it may go on, `left` a delivery that it acknowledged. */
export type Word = "started" | "progressed" | "heartbeat" | "finished" | "acknowledged";

/** One thing that a handler said, in the order in which it was heard. */
export interface Said {
  word: Word;
  atMs: number;
  bytes: number;
  body: Readonly<Record<string, unknown>>;
  /** Why it does not count: it broke the contract, or was refused on purpose. */
  refused?: string;
}

/** How questions for the lease are answered: yes, no with a reason, or not at all. */
export type MayGoOn = "go" | "abort" | "stale" | "silent";

/** One attempt that the suite gave to a handler, and everything that it heard of it. */
export interface Attempt {
  task: string;
  event: CloudEvent;
  token: string;
  /** Ids of the rows that are to be predicted. */
  testIds: readonly string[];
  truth: ReadonlyMap<string, string>;
  classes: readonly string[];
  givenMs: number;
  /** When the handler first had it in its hands. */
  takenMs: number | undefined;
  said: Said[];
  mayGoOn: MayGoOn;
  /** When it was first told to stop. */
  toldMs?: number;
  /** So many answers are refused as if the stream were full, before one is taken. */
  refusals: number;
  /** Predictions of the answer that counted, by row; undefined when there are none to be read. */
  predictions?: Row[];
}

export const saidBy = ({ said }: Attempt, word: Word): Said[] => said.filter((each) => each.word === word);

/** The answer that counts: the first one that kept the contract. */
export const answerOf = (attempt: Attempt): Said | undefined =>
  saidBy(attempt, "finished").find(({ refused }) => refused === undefined);

/** One word for how an attempt ended; undefined while it has not. */
export function outcomeSaid(attempt: Attempt): Outcome | undefined {
  const answer = answerOf(attempt);
  if (answer === undefined) return undefined;
  const { status, result } = finish.body.parse(answer.body);
  return outcomeOf(status, result);
}

/** Milliseconds from taking to answering. */
export const tookMs = (attempt: Attempt): number =>
  (answerOf(attempt)?.atMs ?? Infinity) - (attempt.takenMs ?? attempt.givenMs);
