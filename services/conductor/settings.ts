import { z } from "zod";
import type { OwnLimits } from "@jackfield/lifecycle/trigger-task";

/** A handler at work asks at least three times in its lease; a loaded machine needs some time for each answer. */
const shortestLease = 6;

/** The limits of every attempt, for an installation that knows better than the defaults. */
export const settings = z
  .object({
    /** A handler at work that was silent for so long is given up; 60 unless set. */
    JACKFIELD_LEASE_SECONDS: z.coerce.number().min(shortestLease).max(3_600).optional(),
    /** An attempt may take so long in all; an hour unless set, a day for train. */
    JACKFIELD_FINISH_SECONDS: z.coerce.number().min(1).max(31_536_000).optional(),
  })
  .transform(({ JACKFIELD_LEASE_SECONDS: lease, JACKFIELD_FINISH_SECONDS: finish }) => {
    const limits: OwnLimits = {
      ...(lease !== undefined && { leaseSeconds: lease }),
      ...(finish !== undefined && { finishSeconds: finish }),
    };
    return { limits };
  });

export type Settings = z.output<typeof settings>;
