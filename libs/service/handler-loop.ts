import { randomBytes } from "node:crypto";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Events } from "@jackfield/events/connection";
import { consumeTasks } from "@jackfield/events/handler-consumer";
import type { Publisher } from "@jackfield/events/publish";
import { Problem } from "@jackfield/problem/problem";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import { assignmentOf } from "./answer-events.ts";
import { attempt, type Workplace } from "./attempt.ts";
import type { Readiness } from "./health.ts";
import type { Log } from "./log.ts";
import type { Handler } from "./on.ts";
import { keepRegistered } from "./registration.ts";

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

/** Registers, pulls no more tasks than there are free workers, and works on them. */
export function startHandlers(parts: HandlerLoopParts): HandlerLoop {
  const instance = randomBytes(4).toString("hex");
  const pulling = new AbortController();
  const handback = new AbortController();
  const { description, concurrency, log } = parts;
  const place: Workplace = { ...parts, signal: handback.signal, instance };
  const registration = keepRegistered(parts.events, { description, instance, concurrency, log });
  const byCapability = new Map(parts.handlers.map((handler) => [handler.capability.name, handler]));
  const loops = registration.consumers.then((consumers) =>
    Promise.all(
      consumers.map(({ capability, stream, durable }) => {
        const handler = byCapability.get(capability);
        if (handler === undefined) return undefined;
        return consumeTasks(parts.events, {
          stream,
          durable,
          concurrency,
          signal: pulling.signal,
          onTask: async (delivery) => {
            const assignment = assignmentOf(delivery.event, instance);
            if (assignment === undefined) return delivery.ack();
            await attempt(place, handler, delivery, assignment);
          },
          onTrouble: (trouble) =>
            log.warn(
              { event: "handler.trouble", error: String(trouble) },
              "a delivery failed; it comes again",
            ),
        });
      }),
    ),
  );
  return {
    ready: () =>
      registration.heard() ? { ready: true } : { ready: false, why: "the conductor does not answer" },
    close: async (graceMs) => {
      pulling.abort();
      const timer = setTimeout(
        () =>
          handback.abort(
            new Problem("E_HANDED_BACK", "This handler is shutting down", { retryAfterSeconds: 0 }),
          ),
        graceMs,
      );
      await registration.close();
      if (registration.heard()) await loops;
      clearTimeout(timer);
    },
  };
}
