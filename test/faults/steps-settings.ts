import { z } from "zod";

/** What a recording handler is told, as JSON in JACKFIELD_STEPS. */
export const stepsSettings = z.object({
  name: z.string(),
  /** Tasks at once. */
  concurrency: z.int().min(1),
  /** How long each takes. */
  milliseconds: z.number().min(0),
  /** The file into which executions are recorded. */
  history: z.string(),
});

export type StepsSettings = z.output<typeof stepsSettings>;
