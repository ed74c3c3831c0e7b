import { z } from "zod";
import { descriptor } from "../event/artifact.ts";
import { capabilityEntry } from "../event/contract.ts";
import { cloudEvent } from "../event/envelope.ts";
import { capabilityName, scopeName } from "../event/names.ts";
import { positionText } from "../event/position.ts";
import { publishedContract } from "../facts/capability.ts";
import { handlerDescription } from "../facts/handler.ts";
import { asOf, decision, question } from "./question.ts";

const accepted = z.object({ position: positionText, event: z.string() });

/** Where a handler asks: the project of its task, or its own (`_` for a global one), and its name. The rights on NATS are for that. */
export const placeOfHandler = (project: string | null | undefined, handler: string): string =>
  `${project ?? "_"}.${handler}`;

/** Asked on `ctl.lease.<project>.<handler>`: may this attempt go on? Every 5 s while working, and before a redelivered one begins. */
export const lease = question("lease", "<project>.<handler>", {
  input: z.object({
    task: z.string(),
    triggeredid: z.string(),
    attempt: z.int(),
    instance: z.string(),
    project: scopeName,
  }),
  answer: z.discriminatedUnion("go", [
    z.object({ go: z.literal(true), untilSeconds: z.number() }),
    z.object({ go: z.literal(false), reason: z.enum(["abort", "prune", "stale"]) }),
  ]),
});

/** Asked on `ctl.handler.<project>.<handler>` at the start and every 5 s: here I am, with this many workers. */
export const register = question("handler", "<project>.<handler>", {
  input: handlerDescription.extend({
    instance: z.string(),
    concurrency: z.int().min(0).max(10_000),
    /** Said with concurrency 0 on the way out. */
    leaving: z.boolean().optional(),
  }),
  answer: z.object({
    consumers: z.array(z.object({ capability: capabilityName, stream: z.string(), durable: z.string() })),
    everySeconds: z.number(),
  }),
});

/** What an event starts, and which triggers say no to it. */
export const reaction = z.object({
  listeners: z.array(z.object({ workflow: z.string(), subproject: z.string().optional(), run: z.string() })),
  refused: z.array(z.object({ trigger: z.string(), clause: z.string() })),
});

/** Before or after they are published: what would these events start? An answer each, in their order. */
export const listens = question("conductor", "listens", {
  input: z.object({ events: z.array(cloudEvent).max(1_000) }),
  answer: z.object({ reactions: z.array(reaction) }),
});

/**
 * Which runs of a story are not over, once the stream was read up to `after`? Everything that was asked for up to there is
 * among them, or has ended before `position`; so a story without one is over.
 */
export const unfinished = question("conductor", "unfinished", {
  input: z.object({ correlationid: z.string(), after: positionText }),
  answer: z.object({ position: positionText, runs: z.array(z.string()) }),
});

const bindingScope = {
  organization: scopeName.optional(),
  project: scopeName.optional(),
  subproject: scopeName.optional(),
};

export const bind = question("conductor", "bind", {
  input: z.object({
    ...decision,
    ...bindingScope,
    capability: capabilityName,
    handler: scopeName.nullable(),
    undo: z.boolean().optional(),
    /** The handler joins or leaves the shadows; who decides stays. */
    shadow: z.enum(["add", "remove"]).optional(),
    /** It ends by itself then, and what stood before is in force again. */
    until: z.iso.datetime({ offset: true }).optional(),
  }),
  answer: accepted.extend({
    handler: scopeName.nullable(),
    previous: scopeName.nullable(),
    /** Who shadows here from now on. */
    shadows: z.array(scopeName),
  }),
});

const saidBy = {
  by: z.string().optional(),
  reason: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
};

/** What was bound by hand in one scope, and stands. */
export const override = z
  .object({ ...bindingScope, ...saidBy, capability: z.string(), handler: scopeName.nullable() })
  .meta({ id: "Override" });

export const bindings = question("conductor", "bindings", {
  input: z.object({ ...bindingScope, at: asOf }),
  answer: z.object({
    bindings: z.array(
      z.object({
        capability: z.string(),
        handler: z.string(),
        shadows: z.array(z.string()),
        /** `default`, `jackfield.yaml`, or the scope of an override. */
        from: z.string(),
        ...saidBy,
      }),
    ),
    /** Everything by hand that reaches into this scope or stands inside it, the widest scope first. */
    overrides: z.array(override),
  }),
});

/** Makes a contract one of those that everybody knows; a higher version takes the place of a lower one. */
export const publish = question("conductor", "publish", {
  input: z.object({ ...decision, contract: publishedContract, dryRun: z.boolean().optional() }),
  answer: accepted.partial().extend({
    name: capabilityName,
    version: z.string(),
    /** The version before; absent for a new one. */
    previous: z.string().optional(),
    /** False when the same contract was in force already. */
    changed: z.boolean(),
  }),
});

/** Every contract in force: ours, and those that were published. */
export const capabilities = question("conductor", "capabilities", {
  input: z.object({}),
  answer: z.object({
    capabilities: z.array(
      capabilityEntry.extend({
        builtIn: z.boolean(),
        by: z.string().optional(),
        since: z.string().optional(),
      }),
    ),
  }),
});

export const handlers = question("conductor", "handlers", {
  input: z.object({ project: scopeName.optional() }),
  answer: z.object({
    handlers: z.array(
      handlerDescription.extend({
        alive: z.boolean(),
        instances: z.int(),
        concurrency: z.int(),
        running: z.int(),
        silentSeconds: z.number().optional(),
      }),
    ),
  }),
});

const steer = {
  input: z.object({ ...decision, run: z.string(), project: scopeName.optional() }),
  answer: accepted,
};
export const pause = question("conductor", "pause", steer);
export const resume = question("conductor", "resume", steer);
export const abort = question("conductor", "abort", steer);

/** Why is this so, what blocks it, and what can be done? `ref` is a run, a task or an event id. */
export const why = question("conductor", "why", {
  input: z.object({ ref: z.string(), project: scopeName.optional() }),
  answer: z.object({
    what: z.string(),
    state: z.string(),
    because: z.array(z.string()),
    next: z.string().optional(),
    /** Why the cache answered or did not, task by task. */
    cache: z.array(z.string()),
  }),
});

/** What a run asked for, so that `retry` can ask for it again. */
export const request = question("conductor", "request", {
  input: z.object({ run: z.string(), project: scopeName.optional() }),
  answer: z.object({
    run: z.string(),
    project: scopeName,
    subproject: scopeName.optional(),
    files: z.record(z.string(), descriptor),
  }),
});
