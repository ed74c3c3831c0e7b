import { z } from "zod";

/** A failure as people read it: code, what happened, why, where, and the way out. Codes are listed in `libs/problem`. */
export const problemReport = z
  .object({
    code: z.string().regex(/^E_[A-Z_]+$/),
    what: z.string().max(4_000),
    why: z.string().max(8_000).optional(),
    here: z.string().max(2_000).optional(),
    next: z.string().max(2_000).optional(),
    retryAfterSeconds: z.number().min(0).optional(),
  })
  .meta({ id: "Problem" });

export type ProblemReport = z.output<typeof problemReport>;
