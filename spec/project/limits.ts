import { z } from "zod";
import { capabilityName, scopeName } from "../event/names.ts";

const most = z.int().min(1).max(100_000);

/** How much of a project may be at work at once. The newest applied version holds, also for runs that began before it. */
export const workLimits = z
  .object({
    /** Tasks of the project. */
    running: most.optional(),
    /** Tasks of the project for one capability. */
    capabilities: z.record(capabilityName, most).optional(),
    /** Tasks of the project at one handler. */
    handlers: z.record(scopeName, most).optional(),
  })
  .meta({ id: "WorkLimits" });

export type WorkLimits = z.output<typeof workLimits>;
