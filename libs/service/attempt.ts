import { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { TaskDelivery } from "@jackfield/events/consume-tasks";
import type { Events } from "@jackfield/events/connection";
import type { Publisher } from "@jackfield/events/publish";
import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import type { Descriptor } from "@jackfield/spec/event/artifact";
import type { Result, Status } from "@jackfield/spec/event/outcome";
import {
  leaseEveryMs,
  triggeredData,
  type FinishedData,
  type TriggeredData,
} from "@jackfield/spec/event/task";
import { finishedEvent, progressedEvent, startedEvent, type Assignment } from "./answer-events.ts";
import { askLease, keepLease, type StopReason } from "./lease.ts";
import type { Log } from "./log.ts";
import { tasksFinished, workSeconds } from "./metrics.ts";
import { isRefused, type Answered, type Handler } from "./on.ts";
import { storeDrafts } from "./store-drafts.ts";
import { takeUp } from "./take-up.ts";
import type { Taken } from "./taken.ts";
import { openTask } from "./task.ts";
import { inSpan, type Trace } from "./telemetry.ts";

/** What every attempt of a handler shares. */
export interface Workplace {
  events: Events;
  publisher: Publisher;
  artifacts: () => Artifacts;
  log: Log;
  /** Aborted when the grace of a shutdown is over; its reason is the Problem to hand back with. */
  signal: AbortSignal;
  instance: string;
  taken: Taken;
}

/** One delivery, what it assigns, and how to say that its worker is free while the answer is on its way. */
export interface Handed {
  delivery: TaskDelivery;
  assignment: Assignment;
  free: () => void;
}

interface Ended {
  status: Status;
  result?: Result;
  data: FinishedData;
}

/**
 * One attempt: `started` is stored, then the delivery acknowledged, then the work done, then `finished` published
 * until it is accepted. A delivery that may have been worked on before asks for its lease first.
 */
export async function attempt(
  place: Workplace,
  handler: Handler,
  { delivery, assignment, free }: Handed,
): Promise<void> {
  const data = triggeredData.safeParse(delivery.event.data);
  await inSpan(`${handler.capability.name} process`, delivery.event, async (trace) => {
    const start = () =>
      place.publisher.publish(startedEvent(assignment, now(), trace), { untilAccepted: true });
    const { events, signal, taken } = place;
    if (!(await takeUp(delivery, { events, assignment, data: data.data, start, signal, taken }))) return;
    const began = performance.now();
    const worked = data.success
      ? await work(place, handler, { assignment, data: data.data, trace })
      : erred(
          new Problem("E_INVALID", "This triggered event does not keep its contract", {
            why: z.prettifyError(data.error),
          }),
        );
    const seconds = Math.round(performance.now() - began) / 1_000;
    const say = async (ended: Ended): Promise<Ended> => {
      ended.data.workSeconds = seconds;
      const finished = finishedEvent(assignment, ended, { time: now(), trace });
      await place.publisher.publish(finished, { untilAccepted: true });
      return ended;
    };
    // An answer that cannot be said (it is too large) is an error, which can; else the task would only seem silent.
    const accepted = say(worked).catch((refusal: unknown) => say(erred(refusal)));
    free();
    const ended = await accepted;
    account(place, handler, { assignment, ended });
  });
}

function account(
  place: Workplace,
  handler: Handler,
  { assignment, ended }: { assignment: Assignment; ended: Ended },
): void {
  place.log.info(
    { event: "task.finished", task: assignment.task, status: ended.status, result: ended.result },
    ended.data.problem?.what ?? ended.data.message ?? "finished",
  );
  const labels = { handler: assignment.handler, capability: handler.capability.name };
  tasksFinished.inc({ ...labels, status: ended.status });
  workSeconds.observe(labels, ended.data.workSeconds ?? 0);
}

interface Work {
  assignment: Assignment;
  data: TriggeredData;
  trace: Trace;
}

async function work(place: Workplace, handler: Handler, { assignment, data, trace }: Work): Promise<Ended> {
  const stop = new AbortController();
  const lease = keepLease(() => askLease(place.events, assignment), {
    everyMs: leaseEveryMs(data.limits),
    onStop: (reason) => stop.abort(stopped(reason)),
  });
  // AbortSignal.any would say the same, but takes 10 to 20 µs of every task.
  const leave = (): void => stop.abort(place.signal.reason);
  place.signal.addEventListener("abort", leave);
  if (place.signal.aborted) leave();
  const { signal } = stop;
  let count = 0;
  try {
    // Opening it may fail too (no artifact store is configured); the task is told so, and its lease ends.
    const task = openTask({
      assignment,
      artifacts: place.artifacts(),
      capability: handler.capability.name,
      deadline: new Date(Date.now() + data.limits.finishSeconds * 1_000),
      log: () => place.log.child({ task: assignment.task, run: assignment.triggered.run }),
      signal,
      trace,
      say: async (said) => {
        await place.publisher.publish(
          progressedEvent(assignment, (count += 1), { time: now(), trace, data: said }),
        );
      },
    });
    const answer = await handler.run(data.inputs, task);
    if (isRefused(answer)) return erred(signal.aborted ? signal.reason : answer.problem, answer.logs);
    return await succeeded(place, handler, answer);
  } catch (thrown) {
    return erred(signal.aborted ? signal.reason : thrown);
  } finally {
    lease.close();
    place.signal.removeEventListener("abort", leave);
  }
}

async function succeeded(place: Workplace, handler: Handler, answer: Answered): Promise<Ended> {
  const stored = await storeDrafts(handler.capability, answer.output, place.artifacts);
  const checked = handler.capability.output.safeParse(stored);
  if (!checked.success)
    throw new Problem("E_BAD_OUTPUT", `The answer to ${handler.capability.name} does not keep its contract`, {
      why: z.prettifyError(checked.error),
    });
  return {
    status: "succeeded",
    result: answer.result,
    data: {
      outputs: checked.data as Record<string, unknown>, // every output contract is an object
      ...(answer.message !== undefined && { message: answer.message }),
      ...(answer.logs.length > 0 && { logs: answer.logs }),
    },
  };
}

/** What went wrong → how the attempt ended, and whether another may help. */
function erred(thrown: unknown, logs: Descriptor[] = []): Ended {
  const problem = thrown instanceof z.ZodError ? invalidInput(thrown) : asProblem(thrown);
  const status =
    problem.code === "E_ABORTED" ? "aborted" : problem.code === "E_TIMEOUT" ? "timedout" : "errored";
  const data: FinishedData = {
    message: problem.message,
    problem: reportOf(problem),
    retry: problem.retriable,
  };
  return { status, data: logs.length > 0 ? { ...data, logs } : data };
}

const invalidInput = (error: z.ZodError): Problem =>
  new Problem("E_INVALID", "The inputs do not keep the capability's contract", {
    why: z.prettifyError(error),
    cause: error,
  });

function stopped(reason: StopReason): Problem {
  if (reason === "stale") return new Problem("E_LEASE_LOST", "Another attempt took this task over");
  return new Problem(
    "E_ABORTED",
    reason === "prune" ? "The answer is not needed any more" : "Somebody aborted this run",
  );
}

const now = (): string => new Date().toISOString();
