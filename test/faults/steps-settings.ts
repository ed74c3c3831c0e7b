import { z } from "zod";

/** What a recording handler is told, as JSON in JACKFIELD_STEPS. */
export const stepsSettings = z.object({
  name: z.string(),
  /** Tasks at once. */
  concurrency: z.int().min(1),
  /** How long each takes. */
  milliseconds: z.number().min(0),
  /** By step, where that is something else. */
  millisecondsOf: z.record(z.string(), z.number().min(0)).optional(),
  /** How long it takes to get ready, before it says that it is there. */
  getReadyMs: z.number().min(0).optional(),
  /** While this file is there, what every step depends on is away. */
  awayWhile: z.string().optional(),
  /** The file into which executions are recorded. */
  history: z.string(),
});

export type StepsSettings = z.output<typeof stepsSettings>;
