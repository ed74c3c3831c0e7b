import { z } from "zod";
import { descriptor } from "../event/artifact.ts";

/** A code version: the packed tree of the project's folder, and where it came from. */
export const codeVersion = z
  .object({
    /** The tree, packed as a tar with sorted names and no times, so that equal trees have equal digests. */
    tree: descriptor,
    commit: z.string().optional(),
    /** The tree differs from the commit; tracked, but refused by stages marked live. */
    dirty: z.boolean(),
    changedFiles: z.int().min(0).max(1_000_000).optional(),
  })
  .meta({ id: "CodeVersion" });

export type CodeVersion = z.output<typeof codeVersion>;
