import { z } from "zod";
import { descriptor, digest } from "../event/artifact.ts";
import { cloudEvent } from "../event/envelope.ts";
import { scopeName } from "../event/names.ts";
import { outcome, result, status } from "../event/outcome.ts";
import { positionText } from "../event/position.ts";
import { problemReport } from "../event/problem.ts";
import { asOf, question } from "./question.ts";

/** Every reading question may wait until the tracker has read this far, so that a command's effect is seen. */
const reading = { after: positionText.optional() };
const page = { limit: z.int().min(1).max(500).optional(), cursor: z.string().max(400).optional() };
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const time = z.string();

export const loggedEvent = z
  .object({ position: positionText, /** When the stream took it. */ at: time, event: cloudEvent })
  .meta({ id: "LoggedEvent" });

/** Events in stream order, by filter; `cursor` and `next` are positions. */
export const events = question("tracker", "events", {
  input: z.object({
    ...reading,
    ...page,
    filter: z.string().max(4_000).optional(),
    project: scopeName.optional(),
    correlationid: z.string().optional(),
    order: z.enum(["oldest", "newest"]).optional(),
  }),
  answer: z.object({
    events: z.array(loggedEvent),
    next: z.string().optional(),
    position: positionText.optional(),
  }),
});

/** One event with its causes up to the root and its direct effects. */
export const event = question("tracker", "event", {
  input: z.object({
    ...reading,
    id: z.string(),
    project: scopeName.optional(),
    source: z.string().optional(),
  }),
  answer: z.object({ found: loggedEvent, causes: z.array(loggedEvent), effects: z.array(loggedEvent) }),
});

/** What the log holds under keys, in their order: tells a repeat from a conflict. */
export const keys = question("tracker", "keys", {
  input: z.object({
    ...reading,
    keys: z
      .array(
        z.object({
          project: z.string().optional(),
          source: z.string(),
          type: z.string(),
          id: z.string(),
        }),
      )
      .max(1_000),
  }),
  answer: z.object({
    known: z.array(z.object({ digest: digest.optional(), position: positionText.optional() })),
  }),
});

export const runRow = z
  .object({
    run: z.string(),
    runname: z.string(),
    project: z.string(),
    subproject: z.string().optional(),
    workflow: z.string(),
    /** requested, running, paused, or an outcome. */
    state: z.union([z.enum(["running", "paused"]), outcome]),
    verdict: z.enum(["pass", "warning", "fail", "none"]).optional(),
    startedAt: time,
    finishedAt: time.optional(),
    correlationid: z.string().optional(),
    metrics: z.record(z.string(), z.number()),
    tasks: z.object({ total: count, cached: count }),
  })
  .meta({ id: "RunRow" });

export const runs = question("tracker", "runs", {
  input: z.object({
    ...reading,
    ...page,
    at: asOf,
    project: scopeName.optional(),
    subproject: scopeName.optional(),
    filter: z.string().max(4_000).optional(),
  }),
  answer: z.object({ runs: z.array(runRow), next: z.string().optional() }),
});

export const attemptRow = z.object({
  attempt: z.int(),
  handler: z.string(),
  handlerversion: z.string().optional(),
  role: z.enum(["primary", "shadow"]),
  triggeredAt: time,
  startedAt: time.optional(),
  finishedAt: time.optional(),
  status: status.optional(),
  result: result.optional(),
  message: z.string().optional(),
  problem: problemReport.optional(),
  progress: z.object({ fraction: z.number().optional(), message: z.string().optional() }).optional(),
});

export const taskRow = z
  .object({
    task: z.string(),
    step: z.string(),
    capability: z.string(),
    /** triggered, started, or an outcome. */
    state: z.union([z.enum(["triggered", "started"]), outcome]),
    cached: z.boolean(),
    producedby: z.string().optional(),
    inputs: z.record(z.string(), z.unknown()).optional(),
    outputs: z.record(z.string(), z.unknown()).optional(),
    logs: z.array(descriptor),
    attempts: z.array(attemptRow),
  })
  .meta({ id: "TaskRow" });

/** One run as a tree: its head, what it pinned, its tasks with their attempts. */
export const run = question("tracker", "run", {
  input: z.object({ ...reading, ref: z.string(), at: asOf, project: scopeName.optional() }),
  answer: z.object({ run: runRow, pinned: z.record(z.string(), z.unknown()), tasks: z.array(taskRow) }),
});

/** What handlers answered: how often, how often it was an error, and the last time. */
export const answered = question("tracker", "answered", {
  input: z.object({ ...reading, project: scopeName.optional() }),
  answer: z.object({
    handlers: z.array(
      z.object({
        handler: z.string(),
        answered: count,
        errors: count,
        last: z.object({ task: z.string(), at: time, status, result: result.optional() }),
      }),
    ),
  }),
});

/** Is this digest readable in this project? It is when an event of the project refers to it. */
export const artifact = question("tracker", "artifact", {
  input: z.object({ ...reading, digest, project: scopeName.optional() }),
  answer: z.object({
    known: z.boolean(),
    mediaType: z.string().optional(),
    name: z.string().optional(),
    producedBy: z.array(z.string()),
    usedBy: z.array(z.string()),
  }),
});

/** What was not taken into the log: forged, conflicting and unasked events, and what is no event. */
export const withheld = question("tracker", "withheld", {
  input: z.object({ ...reading, ...page }),
  answer: z.object({
    withheld: z.array(
      z.object({
        position: positionText,
        at: time,
        why: z.enum(["conflict", "forged", "not-an-event", "no-question", "missing"]),
        detail: z.string(),
        subject: z.string(),
        text: z.string(),
      }),
    ),
    next: z.string().optional(),
  }),
});

/** How far the tracker has read. */
export const position = question("tracker", "position", {
  input: z.object(reading),
  answer: z.object({ position: positionText.optional(), events: count, withheld: count }),
});

/** An entry of the log as the stream had it: an event, or what every reader of the stream refuses. */
export const keptEntry = z.object({
  position: positionText,
  /** When the stream took it, ms since 1970. */
  storedMs: z.number(),
  subject: z.string().optional(),
  /** The event as JSON text, so that numbers beyond 2^53 stay whole; of what is refused nothing. */
  body: z.string(),
  refused: z.object({ reason: z.enum(["not-an-event", "forged"]), detail: z.string() }).optional(),
});

/**
 * What comes after a position, for a log reader that does not find it in the stream any more. Repeats are left out:
 * they change nothing. The tracker has looked at everything up to `upTo`, where the next question goes on.
 */
export const log = question("tracker", "log", {
  input: z.object({
    from: positionText,
    limit: z.int().min(1).max(5_000).optional(),
    /** Only what a lost stream is rebuilt from: events of the log, none older than the stream holds while it has room. */
    restoring: z.boolean().optional(),
  }),
  answer: z.object({ entries: z.array(keptEntry), upTo: positionText }),
});

/**
 * The stream is not the one that was read up to `last`, and its epoch is no later one: it lost its end, or an old copy
 * was put back. The tracker, whose stream it is, gives it a new epoch, in which every reader begins at its start.
 */
export const renew = question("tracker", "renew", {
  input: z.object({ last: positionText }),
  answer: z.object({}),
});
