import { printJson } from "@jackfield/events/json-text";
import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import type { Assignment } from "@jackfield/service/answer-events";
import { askLease, keepLease, type StopReason } from "@jackfield/service/lease";
import { digestOf } from "@jackfield/spec/event/canonical";
import type { Result, Status } from "@jackfield/spec/event/outcome";
import { leaseEveryMs, type FinishedData, type Limits } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import { readWebhookAnswer, type Finished, type WebhookVerdict } from "@jackfield/spec/http/webhook-answer";
import { signedHeaders } from "@jackfield/spec/http/webhook-signature";
import type { GatewayParts } from "../door-parts.ts";
import { postTo, type Target } from "./post-to.ts";

/** What a delivery came to: an answer to publish, or one that will be posted; `gone`: nothing is to be sent there any more. */
export type Delivered = { kind: "ended"; ended: Ended } | { kind: "later" } | { kind: "gone"; ended: Ended };

export interface Ended {
  status: Status;
  result?: Result;
  data: FinishedData;
}

export interface TaskMessage {
  assignment: Assignment;
  limits: Limits;
  /** The token of the task, and where what is said with it goes to. */
  token: string;
  taskUrl: string;
  secrets: readonly string[];
}

export interface Delivering {
  target: Target;
  message: TaskMessage;
  /** The gateway closes: what is at work is handed back. */
  leaving: AbortSignal;
}

/** Posts a task and waits for the answer; the open request is the lease, and an abort closes it. */
export async function deliverTask(
  { events, contracts }: Pick<GatewayParts, "events" | "contracts">,
  { target, message, leaving }: Delivering,
): Promise<Delivered> {
  const { assignment, limits } = message;
  const beganMs = performance.now();
  const stop = new AbortController();
  const lease = keepLease(() => askLease(events, assignment), {
    everyMs: leaseEveryMs(limits),
    onStop: (reason) => stop.abort(stopped(reason)),
  });
  try {
    const answer = await postTo(target, {
      ...messageFor(message),
      signal: AbortSignal.any([stop.signal, leaving]),
      withinMs: limits.finishSeconds * 1_000,
    });
    const verdict = readWebhookAnswer(answer, assignment.triggered.id, Date.now());
    if (verdict.kind === "accepted") return { kind: "later" };
    if (verdict.kind !== "finished") return refused(verdict, target.url);
    const ended = await endedBy(verdict.finished, assignment, contracts);
    return {
      kind: "ended",
      ended: { ...ended, data: { ...ended.data, workSeconds: secondsSince(beganMs) } },
    };
  } catch (thrown) {
    const late = performance.now() - beganMs >= limits.finishSeconds * 1_000;
    return { kind: "ended", ended: erred(whyOf(thrown, { stop: stop.signal, leaving, late })) };
  } finally {
    lease.close();
  }
}

const secondsSince = (ms: number): number => Math.round(performance.now() - ms) / 1_000;

interface Ending {
  stop: AbortSignal;
  leaving: AbortSignal;
  late: boolean;
}

function whyOf(thrown: unknown, { stop, leaving, late }: Ending): Problem {
  if (stop.aborted) return asProblem(stop.reason);
  if (leaving.aborted)
    return new Problem("E_HANDED_BACK", "The gateway is shutting down", { retryAfterSeconds: 0 });
  if (late) return new Problem("E_TIMEOUT", "The webhook did not answer in its time", { cause: thrown });
  return asProblem(thrown);
}

/** The three headers, and the event with what the task door asks for. The same message has the same id. */
function messageFor({ assignment, token, taskUrl, secrets }: TaskMessage) {
  const body = printJson({ ...assignment.triggered, taskurl: taskUrl, tasktoken: token });
  const id = `msg_${digestOf(assignment.triggered.id).slice("sha256:".length, "sha256:".length + 32)}`;
  const signed = signedHeaders(secrets, { id, timestamp: Math.floor(Date.now() / 1_000), body });
  return { body, headers: { ...signed, "content-type": "application/cloudevents+json; charset=utf-8" } };
}

async function endedBy(
  { status, result, ...data }: Finished,
  { triggered }: Assignment,
  contracts: GatewayParts["contracts"],
): Promise<Ended> {
  if (status !== "succeeded") return { status, data };
  const capability = parseType(triggered.type)?.subject ?? "";
  const outputs = await contracts.checkedOutputs(capability, data.outputs).catch((broken: unknown) => {
    const { message, why } = asProblem(broken);
    throw new Problem("E_BAD_OUTPUT", message, why === undefined ? {} : { why });
  });
  return { status, result: result ?? "pass", data: { ...data, outputs } };
}

function refused(
  verdict: Exclude<WebhookVerdict, { kind: "finished" | "accepted" }>,
  url: string,
): Delivered {
  if (verdict.kind === "gone") {
    const problem = new Problem("E_TARGET_DOWN", `${url} is gone (410); nothing is sent there any more`, {
      next: "bind another handler, or register the webhook anew",
    });
    return { kind: "gone", ended: erred(problem) };
  }
  const again = verdict.kind === "again";
  const problem = new Problem(again ? "E_TARGET_DOWN" : "E_TARGET_REFUSED", `${url} did not do it`, {
    why: verdict.why,
    ...(again && verdict.afterSeconds !== undefined && { retryAfterSeconds: verdict.afterSeconds }),
  });
  return { kind: "ended", ended: erred(problem) };
}

export function erred(problem: Problem): Ended {
  const status =
    problem.code === "E_ABORTED" ? "aborted" : problem.code === "E_TIMEOUT" ? "timedout" : "errored";
  const data = { message: problem.message, problem: reportOf(problem), retry: problem.retriable };
  return { status, data };
}

const stopped = (reason: StopReason): Problem =>
  reason === "stale"
    ? new Problem("E_LEASE_LOST", "Another attempt took this task over")
    : new Problem(
        "E_ABORTED",
        reason === "prune" ? "The answer is not needed any more" : "Somebody aborted this run",
      );
