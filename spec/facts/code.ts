import { z } from "zod";
import { fact } from "../event/contract.ts";
import { codeVersion } from "../project/code.ts";

/** CI says: the code of a project changed. Starts the lifecycle of every subproject that listens to `code`. */
export const codeChanged = fact("code.changed", {
  data: z.object({
    code: codeVersion.optional(),
    branch: z.string().optional(),
    commit: z.string().optional(),
  }),
  example: { branch: "main", commit: "9f31c2e" },
});
