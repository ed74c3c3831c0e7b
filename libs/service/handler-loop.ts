import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Events } from "@jackfield/events/connection";
import { consumeTasks } from "@jackfield/events/consume-tasks";
import type { Publisher } from "@jackfield/events/publish";
import { Problem } from "@jackfield/problem/problem";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import { assignmentOf } from "./answer-events.ts";
import { attempt, type Handed, type Workplace } from "./attempt.ts";
import type { Readiness } from "./health.ts";
import type { Log } from "./log.ts";
import type { Handler } from "./on.ts";
import { keepRegistered, type Consumers } from "./registration.ts";
import { Taken } from "./taken.ts";

export interface HandlerLoopParts {
  events: Events;
  publisher: Publisher;
  artifacts: () => Artifacts;
  log: Log;
  description: HandlerDescription;
  handlers: Handler[];
  concurrency: number;
}

export interface HandlerLoop {
  ready(): Readiness;
  /** Stops pulling, lets work finish for `graceMs`, then hands back what is left. */
  close(graceMs: number): Promise<void>;
}

/** How long answers may take to be said once the grace is over. */
const answerMs = 5_000;

/** Registers, pulls no more tasks than there are free workers, and works on them. */
export function startHandlers(parts: HandlerLoopParts): HandlerLoop {
  const instance = randomBytes(4).toString("hex");
  const pulling = new AbortController();
  const handback = new AbortController();
  // Every task at work listens to it.
  setMaxListeners(0, handback.signal);
  const place: Workplace = { ...parts, signal: handback.signal, instance, taken: new Taken() };
  const registration = keepRegistered(parts.events, { ...parts, instance });
  let loops: Promise<unknown> = Promise.resolve();
  void registration.consumers.then((consumers) => (loops = pullAll(parts, place, consumers, pulling.signal)));
  return {
    ready: () =>
      registration.heard() ? { ready: true } : { ready: false, why: "the conductor does not answer" },
    close: async (graceMs) => {
      pulling.abort();
      const leaving = new Problem("E_HANDED_BACK", "This handler is shutting down", { retryAfterSeconds: 0 });
      const timer = setTimeout(() => handback.abort(leaving), graceMs);
      const handedBack = Promise.all([registration.close(), loops]);
      // With NATS away nothing can be handed back; the conductor finds out by the lease.
      await Promise.race([handedBack, pause(graceMs + answerMs, undefined, { ref: false })]);
      clearTimeout(timer);
    },
  };
}

/** One loop for each consumer; the conductor gives no more tasks than `concurrency`, whatever the capability. */
const pullAll = (
  { events, handlers, concurrency, log }: HandlerLoopParts,
  place: Workplace,
  consumers: Consumers,
  signal: AbortSignal,
): Promise<unknown> =>
  Promise.all(
    consumers.map(async ({ capability, stream, durable }) => {
      const handler = handlers.find((candidate) => candidate.capability.name === capability);
      if (handler === undefined) return;
      await consumeTasks(events, {
        stream,
        durable,
        concurrency,
        signal,
        onTask: (delivery, free) => take(place, handler, { delivery, free }),
        onBad: (refused, subject) =>
          log.error(
            { event: "delivery.refused", subject, why: refused.detail },
            "this may not count; the tracker keeps it",
          ),
        onProblem: (problem) =>
          log.warn({ event: "pulling.interrupted", code: problem.code }, problem.message),
      });
    }),
  );

async function take(
  place: Workplace,
  handler: Handler,
  handed: Pick<Handed, "delivery" | "free">,
): Promise<void> {
  const assignment = assignmentOf(handed.delivery.event, place.instance);
  if (assignment === undefined) handed.delivery.ack();
  else await attempt(place, handler, { ...handed, assignment });
}
