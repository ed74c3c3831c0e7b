import { z } from "zod";
import { descriptor, digest } from "./artifact.ts";
import { problemReport } from "./problem.ts";

const seconds = z.number().min(0).max(31_536_000);

/** How long a task may take: to start, between two questions for its lease, and in all. */
export const limits = z
  .object({
    startSeconds: seconds,
    leaseSeconds: seconds,
    finishSeconds: seconds,
    attempts: z.int().min(1).max(100),
  })
  .meta({ id: "Limits" });

export type Limits = z.output<typeof limits>;

/** `<capability>.requested`: please do this one piece of work. */
export const requestedData = z
  .object({
    inputs: z.record(z.string(), z.unknown()),
    handler: z.string().optional(),
    cache: z.boolean().optional(),
  })
  .meta({ id: "RequestedData" });

/** `<capability>.triggered`: the decision. `inputs` is the plain content of the capability's contract. */
export const triggeredData = z
  .object({
    inputs: z.record(z.string(), z.unknown()),
    limits,
    /** What must be equal for the answer to be equal; absent when the capability is not cached. */
    cachekey: digest.optional(),
    /** Who is addressed, in which version, and in which environment it runs. */
    handlerversion: z.string(),
    environment: z.string().optional(),
    /** The conductor answers this one itself from the cache; nobody is addressed. */
    cached: z.boolean().optional(),
  })
  .meta({ id: "TriggeredData" });

/** `<capability>.started`: I have it. */
export const startedData = z.object({ instance: z.string() }).meta({ id: "StartedData" });

/** `<capability>.progressed`: something to tell. Not a heartbeat. */
export const progressedData = z
  .looseObject({
    fraction: z.number().min(0).max(1).optional(),
    message: z.string().max(2_000).optional(),
    metrics: z.record(z.string(), z.number()).optional(),
    step: z.int().min(0).max(2_147_483_647).optional(),
  })
  .meta({ id: "ProgressedData" });

/** `<capability>.finished`: outputs of what succeeded, the problem of what did not. */
export const finishedData = z
  .object({
    outputs: z.record(z.string(), z.unknown()).optional(),
    /** One line for people. */
    message: z.string().max(4_000).optional(),
    problem: problemReport.optional(),
    /** May another attempt help? The conductor asks the attempts that are left. */
    retry: z.boolean().optional(),
    logs: z.array(descriptor).optional(),
    cached: z.boolean().optional(),
    /** The run that produced what the cache answered. */
    producedby: z.string().optional(),
    workSeconds: z.number().min(0).optional(),
  })
  .meta({ id: "FinishedData" });

export type RequestedData = z.output<typeof requestedData>;
export type TriggeredData = z.output<typeof triggeredData>;
export type StartedData = z.output<typeof startedData>;
export type ProgressedData = z.output<typeof progressedData>;
export type FinishedData = z.output<typeof finishedData>;

export const lifePredicates = ["requested", "triggered", "started", "progressed", "finished"] as const;
export type LifePredicate = (typeof lifePredicates)[number];

export const isLifePredicate = (predicate: string): predicate is LifePredicate =>
  (lifePredicates as readonly string[]).includes(predicate);

/** The data schema of each step in a task's life, whatever the capability. */
export const lifeData = {
  requested: requestedData,
  triggered: triggeredData,
  started: startedData,
  progressed: progressedData,
  finished: finishedData,
} as const;

/** How often whoever works asks for its lease, ms: every 5 s, or so often that two questions may be lost. */
export const leaseEveryMs = ({ leaseSeconds }: { leaseSeconds: number } = { leaseSeconds: 60 }): number =>
  Math.min(5_000, (leaseSeconds * 1_000) / 3);
