import type { FastifyInstance, FastifyReply } from "fastify";
import type { TaskDelivery } from "@jackfield/events/consume-tasks";
import { takeTask } from "@jackfield/events/take-task";
import { Problem, reportOf } from "@jackfield/problem/problem";
import { askService } from "@jackfield/service/answer";
import { assignmentOf, finishedEvent, startedEvent, type Assignment } from "@jackfield/service/answer-events";
import { takeUp } from "@jackfield/service/take-up";
import { Taken } from "@jackfield/service/taken";
import { placeOfHandler, register } from "@jackfield/spec/ask/conductor";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { triggeredData, type TriggeredData } from "@jackfield/spec/event/task";
import { nextTask, registerHandler, type pulledTask } from "@jackfield/spec/http/handlers";
import type { z } from "zod";
import { requireHandlerPlace } from "./access/within.ts";
import type { GatewayParts } from "./door-parts.ts";
import { digestsIn } from "./digests-in.ts";
import { Runners } from "./runners.ts";
import { serve } from "./serve-route.ts";

type Pulled = z.input<typeof pulledTask>;

const usualWaitMs = 30_000;
const publishWithinMs = 5_000;
/** A runner that finishes in the last moment still gets its answer in. */
const graceMs = 60_000;
/** The conductor's contract says the limits; this is for a `triggered` that breaks it. */
const usualFinishSeconds = 3_600;

/** The pull door: a runner behind a firewall registers and takes its tasks by HTTP. */
export function servePulling(app: FastifyInstance, parts: GatewayParts): void {
  const runners = new Runners();
  const taken = new Taken();
  serve(app, registerHandler, async ({ params: { name }, body, request: { caller } }) => {
    requireHandlerPlace(caller, body.project);
    const { consumers, everySeconds } = await askService(
      parts.events,
      register,
      { ...body, handler: name },
      { name: placeOfHandler(body.project, name) },
    );
    const runner = { name, instance: body.instance, by: caller.name };
    if (body.leaving === true) runners.forget(runner);
    else runners.remember(runner, consumers);
    return { everySeconds };
  });
  serve(app, nextTask, async ({ params: { name }, query: { instance, wait }, request, reply }) => {
    const consumers = runners.consumersOf({ name, instance, by: request.caller.name });
    const waitMs = wait === undefined ? usualWaitMs : Number.parseInt(wait, 10) * 1_000;
    const gone = whenGone(reply);
    const over = AbortSignal.any([gone, parts.closing]);
    const deadlineMs = performance.now() + waitMs;
    while (!over.aborted) {
      const left = Math.max(0, deadlineMs - performance.now());
      const delivery = await takeTask(parts.events, consumers, {
        waitMs: left,
        signal: over,
        onBad: ({ detail }, subject) =>
          parts.log.error({ event: "delivery.refused", subject, why: detail }, "this may not count"),
      });
      if (delivery === undefined) return undefined;
      const pulled = await begin(delivery, { instance, gone, over, taken }, parts);
      if (pulled !== undefined) return pulled;
    }
    return undefined;
  });
}

/** Aborts when the connection breaks before the answer is out. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

interface Runner {
  instance: string;
  gone: AbortSignal;
  over: AbortSignal;
  taken: Taken;
}

/** A delivery → the task in the runner's hands: `started` is stored, then the delivery acknowledged. Undefined: not this one. */
async function begin(
  delivery: TaskDelivery,
  { instance, gone, over, taken }: Runner,
  parts: GatewayParts,
): Promise<Pulled | undefined> {
  const { event } = delivery;
  const assignment = assignmentOf(event, instance);
  const data = triggeredData.safeParse(event.data).data;
  if (assignment === undefined) {
    delivery.ack();
    return undefined;
  }
  const started = startedEvent(assignment, new Date().toISOString(), traceOf(event));
  const start = () => parts.publisher.publish(started, { deadlineMs: publishWithinMs });
  const taking = { events: parts.events, assignment, data, start, signal: over, taken };
  if (!(await takeUp(delivery, taking))) return undefined;
  const handBack = (): void => void giveBack(assignment, parts);
  gone.addEventListener("abort", handBack);
  if (!gone.aborted) return pulledOf(assignment, data, parts);
  handBack();
  return undefined;
}

function pulledOf(assignment: Assignment, data: TriggeredData | undefined, parts: GatewayParts): Pulled {
  const { triggered, task } = assignment;
  return { task, event: triggered, ...taskTokenFor(assignment, data, parts) };
}

/** The token of a task for whoever works on it, and until when it has to be done. */
export function taskTokenFor(
  assignment: Assignment,
  data: TriggeredData | undefined,
  { tokens }: Pick<GatewayParts, "tokens">,
): { token: string; deadline: string } {
  const finishMs = (data?.limits.finishSeconds ?? usualFinishSeconds) * 1_000;
  const until = new Date(Date.now() + finishMs + graceMs).toISOString();
  const { data: _data, ...head } = assignment.triggered;
  const token = tokens.sign({
    assignment: { ...assignment, triggered: head },
    inputs: digestsIn(data?.inputs),
    until,
  });
  return { token, deadline: new Date(Date.now() + finishMs).toISOString() };
}

/** The runner went away before it had the task: nobody works on it, so the next attempt need not wait for a lease. */
async function giveBack(assignment: Assignment, { publisher, log }: GatewayParts): Promise<void> {
  const problem = new Problem("E_HANDED_BACK", "The runner went away before it had the task", {
    retryAfterSeconds: 0,
  });
  const ended = {
    status: "errored" as const,
    data: { message: problem.message, problem: reportOf(problem), retry: true },
  };
  const said = { time: new Date().toISOString(), trace: traceOf(assignment.triggered) };
  try {
    await publisher.publish(finishedEvent(assignment, ended, said), { untilAccepted: true });
  } catch (thrown) {
    log.error(
      { event: "handback.lost", task: assignment.task, error: String(thrown) },
      "the conductor will miss its lease",
    );
  }
}

export const traceOf = ({ traceparent, tracestate }: CloudEvent) => ({
  ...(traceparent !== undefined && { traceparent }),
  ...(tracestate !== undefined && { tracestate }),
});
