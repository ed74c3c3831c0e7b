import { Problem, reportOf } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { taskEventId } from "@jackfield/spec/event/ids";
import type { Result, Status } from "@jackfield/spec/event/outcome";
import type { FinishedData } from "@jackfield/spec/event/task";
import { eventType } from "@jackfield/spec/event/type";
import { ownCause, runEvent } from "./own-event.ts";
import type { Role } from "./asks.ts";
import type { RunHead } from "./runs.ts";
import type { OpenTask } from "./tasks.ts";

/** An open attempt, as far as an answer names it. */
export type Attempt = Pick<
  OpenTask,
  "id" | "capability" | "handler" | "attempt" | "triggeredid" | "contract"
> & { role?: Role };

interface Ending {
  status: Status;
  result?: Result;
  data: FinishedData;
  /** The id of the event that led to it; the `triggered` itself when a clock did. */
  cause?: string;
}

/** A `finished` that the conductor says in the handler's place; what it leads to follows when it is read back. */
export function finishInPlace(run: RunHead, attempt: Attempt, ending: Ending, now: string): CloudEvent {
  const { id: task, capability, handler, attempt: number, triggeredid, contract } = attempt;
  const { role = "primary" } = attempt;
  const event = runEvent(run, ownCause(ending.cause ?? triggeredid), {
    type: eventType(capability, "finished", contract),
    id: taskEventId({ task, handler, attempt: number }, "finished"),
    subject: task,
    now,
    data: ending.data,
  });
  return {
    ...event,
    triggeredid,
    handler,
    role,
    attempt: number,
    status: ending.status,
    ...(ending.result !== undefined && { result: ending.result }),
  };
}

/** Which clock ran out. */
export type Clock = "start" | "lease" | "finish";

/**
 * What a clock decides. An effect outside may have happened, so such work is not tried again blindly; anything else
 * may be.
 */
export function timedOut(
  run: RunHead,
  task: OpenTask,
  clock: Clock,
  { now, external }: { now: string; external: boolean },
): CloudEvent {
  const problem = outOf[clock](task);
  const status = clock === "finish" ? "timedout" : "errored";
  // Before it started, nothing can have happened outside.
  const retry = clock === "start" || !external;
  const data = { message: problem.message, problem: reportOf(problem), retry };
  return finishInPlace(run, task, { status, data }, now);
}

const outOf: Record<Clock, (task: OpenTask) => Problem> = {
  start: ({ handler, limits, id }) =>
    new Problem("E_NOT_STARTED", `${handler} did not start within ${limits.startSeconds} s.`, {
      why: "it has free workers by its own count, but took nothing",
      next: `look at the handler's log, then: jackfield why ${id}`,
    }),
  lease: ({ handler, limits }) =>
    new Problem("E_SILENT", `${handler} was silent for ${limits.leaseSeconds} s while it worked.`, {
      why: "a handler at work asks for its lease every 5 s; this one crashed, hangs, or is cut off",
      next: "jackfield ls handlers",
    }),
  finish: ({ handler, limits }) =>
    new Problem("E_TIMEOUT", `${handler} did not finish within ${limits.finishSeconds} s.`, {
      next: "make the work smaller, or give it more time",
    }),
};

/** The end of an open attempt of an aborted run. */
export function abortAttempt(
  run: RunHead & { aborted?: { event: string; reason?: string } },
  task: Attempt,
  now: string,
): CloudEvent {
  const { reason, event } = run.aborted ?? {};
  const problem = new Problem("E_ABORTED", "Somebody aborted this run.", {
    ...(reason !== undefined && { why: reason }),
  });
  const data = { message: problem.message, problem: reportOf(problem), retry: false };
  return finishInPlace(
    run,
    task,
    { status: "aborted", data, ...(event !== undefined && { cause: event }) },
    now,
  );
}
