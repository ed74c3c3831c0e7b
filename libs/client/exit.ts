import { catalogue, type ProblemCode } from "@jackfield/problem/catalogue";
import type { Outcome } from "@jackfield/spec/event/outcome";

/** The exit codes of every command. */
export const exit = {
  pass: 0,
  ourFault: 1,
  usage: 2,
  waited: 3,
  notAllowed: 4,
  fail: 5,
  warning: 6,
  aborted: 7,
  notFinished: 8,
  notFound: 9,
  unreachable: 10,
  couldNotRun: 11,
  interrupted: 130,
} as const;

const ofProblem: Partial<Record<ProblemCode, number>> = {
  E_NOT_FOUND: exit.notFound,
  E_NO_LISTENER: exit.notFound,
  E_NO_HANDLER: exit.notFound,
  E_NO_CAPABILITY: exit.notFound,
  E_ARTIFACT_GONE: exit.notFound,
  E_NOT_YOURS: exit.notAllowed,
  E_TOKEN_SCOPE: exit.notAllowed,
  E_OIDC_CLAIM: exit.notAllowed,
  E_WAITED: exit.waited,
  E_ABORTED: exit.aborted,
  E_UNREACHABLE: exit.unreachable,
  E_STORE_DOWN: exit.unreachable,
  E_STREAM_FULL: exit.unreachable,
  E_BROKEN: exit.ourFault,
};

/** What was refused is for the one who asked to change; what may pass could not run. */
export const exitOfProblem = (code: ProblemCode): number =>
  ofProblem[code] ?? (catalogue[code].kind === "refusal" ? exit.usage : exit.couldNotRun);

const ofOutcome: Record<Outcome, number> = {
  pass: exit.pass,
  warning: exit.pass,
  fail: exit.fail,
  errored: exit.couldNotRun,
  timedout: exit.couldNotRun,
  aborted: exit.aborted,
};

/** The verdict as a number; under `strict` a warning counts. */
export const exitOfOutcome = (outcome: Outcome, { strict = false } = {}): number =>
  strict && outcome === "warning" ? exit.warning : ofOutcome[outcome];

const worstFirst: readonly number[] = [
  exit.couldNotRun,
  exit.fail,
  exit.aborted,
  exit.waited,
  exit.warning,
  exit.pass,
];

/** Of several runs the worst decides. */
export const worstExit = (codes: readonly number[]): number =>
  worstFirst.find((code) => codes.includes(code)) ?? codes[0] ?? exit.pass;
