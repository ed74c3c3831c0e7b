import { causedBy, type CloudEvent, type Scope } from "@jackfield/spec/event/envelope";
import { ownSource } from "./facts.ts";
import type { RunHead } from "./runs.ts";

interface Said {
  type: string;
  id: string;
  subject: string;
  now: string;
  data: unknown;
}

/** What the conductor says about a run: the run's scope and story, and the direct cause. */
export function runEvent(
  run: RunHead,
  cause: { id: string; source: string },
  { type, id, subject, now, data }: Said,
): CloudEvent {
  const { causationid, causationsource } = causedBy({ ...cause, specversion: "1.0", type });
  return {
    specversion: "1.0",
    id,
    source: ownSource,
    type,
    subject,
    time: now,
    datacontenttype: "application/json",
    correlationid: run.correlationid,
    causationid,
    ...(causationsource !== undefined && { causationsource }),
    ...run.scope,
    run: run.id,
    runname: run.name,
    ...(run.traceparent !== undefined && { traceparent: run.traceparent }),
    data,
  };
}

/** What the conductor says that belongs to no run. */
export const freeEvent = (scope: Scope, { type, id, subject, now, data }: Said): CloudEvent => ({
  specversion: "1.0",
  id,
  source: ownSource,
  type,
  subject,
  time: now,
  datacontenttype: "application/json",
  ...scope,
  data,
});

/** Causes of our own making: their source need not be said. */
export const ownCause = (id: string): { id: string; source: string } => ({ id, source: ownSource });
