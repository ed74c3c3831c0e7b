import { z } from "zod";
import { descriptor } from "../event/artifact.ts";
import { fact } from "../event/contract.ts";
import { codeVersion } from "../project/code.ts";

/** CI says: the code of a project changed. Starts the lifecycle of every subproject that listens to `code`. */
export const codeChanged = fact("code.changed", {
  data: z.object({
    code: codeVersion.optional(),
    /** As its host calls it: `octo/weather`. */
    repository: z.string().optional(),
    /** `refs/heads/main`, `refs/tags/v1`. */
    ref: z.string().optional(),
    branch: z.string().optional(),
    commit: z.string().optional(),
    /** Uploaded bytes by step, as a run takes them: the data that lies beside the code. */
    files: z.record(z.string(), descriptor).optional(),
  }),
  example: { branch: "main", commit: "9f31c2e" },
});
