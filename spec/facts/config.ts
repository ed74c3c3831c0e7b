import { z } from "zod";
import { digest } from "../event/artifact.ts";
import { fact } from "../event/contract.ts";
import { appliedProject, origins } from "../project/configuration.ts";

/** A project file became true, as one version. */
export const configApplied = fact("config.applied", {
  data: z.object({
    version: z.int().min(1).max(2_147_483_647),
    digest,
    applied: appliedProject,
    /** Where each value was said; `*` holds the project's own, and under `/subprojects/*` what all subprojects share. */
    origins: z.record(z.string(), origins).optional(),
    by: z.string().optional(),
    reason: z.string().max(1_000).optional(),
  }),
  example: {
    version: 1,
    digest: `sha256:${"0".repeat(64)}`,
    applied: {
      organization: "default",
      project: "weather",
      bind: {},
      workflows: {
        lifecycle: {
          on: ["code", "data"],
          steps: [
            { name: "fetch", capability: "fetch", needs: [], with: { source: "/configuration/fetch" } },
          ],
        },
      },
      subprojects: {},
    },
  },
});
