import { catalogue, isProblemCode, type ProblemCode } from "./catalogue.ts";
import type { ProblemReport } from "@jackfield/spec/event/problem";

/** What a person needs beside the code: why, where, and the way out. */
export interface ProblemParts {
  why?: string;
  here?: string;
  next?: string;
  cause?: unknown;
  retryAfterSeconds?: number;
}

/** A failure with a name. `what` is one sentence for people; the rest says why, where and what to do. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly why: string | undefined;
  readonly here: string | undefined;
  readonly next: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, what: string, parts: ProblemParts = {}) {
    super(what, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = code;
    this.code = code;
    this.why = parts.why;
    this.here = parts.here;
    this.next = parts.next;
    this.retryAfterSeconds = parts.retryAfterSeconds;
  }

  get retriable(): boolean {
    return catalogue[this.code].kind === "trouble";
  }
}

/** Problem → the form that travels in events, HTTP answers and `--json`. */
export function reportOf(problem: Problem): ProblemReport {
  return {
    code: problem.code,
    what: problem.message,
    ...(problem.why !== undefined && { why: problem.why }),
    ...(problem.here !== undefined && { here: problem.here }),
    ...(problem.next !== undefined && { next: problem.next }),
    ...(problem.retryAfterSeconds !== undefined && { retryAfterSeconds: problem.retryAfterSeconds }),
  };
}

/** The form that travelled → Problem. A code that this release does not know becomes E_BROKEN and keeps its name in the text. */
export function problemFrom(report: ProblemReport): Problem {
  const parts: ProblemParts = {
    ...(report.why !== undefined && { why: report.why }),
    ...(report.here !== undefined && { here: report.here }),
    ...(report.next !== undefined && { next: report.next }),
    ...(report.retryAfterSeconds !== undefined && { retryAfterSeconds: report.retryAfterSeconds }),
  };
  if (isProblemCode(report.code)) return new Problem(report.code, report.what, parts);
  return new Problem("E_BROKEN", `${report.code}: ${report.what}`, parts);
}

/** Any thrown thing → Problem. What has no name is our own fault, and says so. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const what = thrown instanceof Error ? thrown.message : String(thrown);
  return new Problem("E_BROKEN", what, { cause: thrown });
}
