import { z } from "zod";
import { Problem, reportOf } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { outcomeOf, type Outcome, type Result, type Status } from "@jackfield/spec/event/outcome";
import { finishedData, type FinishedData } from "@jackfield/spec/event/task";

/** What a `finished` says. */
export interface Answer {
  status: Status;
  result: Result | undefined;
  outcome: Outcome;
  data: FinishedData;
}

/** A `finished` → its answer; one that breaks the contract is an errored answer, so that the attempt still ends. */
export function readAnswer(event: CloudEvent): Answer {
  const said = finishedData.safeParse(event.data ?? {});
  const { status, result } = event;
  if (said.success && status !== undefined) {
    return { status, result, outcome: outcomeOf(status, result), data: said.data };
  }
  const why = said.success ? "the attribute status is missing" : z.prettifyError(said.error);
  const problem = new Problem("E_INVALID", "The handler's answer does not keep its contract.", { why });
  const data = { message: problem.message, problem: reportOf(problem), retry: false };
  return { status: "errored", result: undefined, outcome: "errored", data };
}
