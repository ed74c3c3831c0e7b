import { z } from "zod";
import { fact } from "../event/contract.ts";
import { capabilityName, scopeName } from "../event/names.ts";

/** A lead was moved: from now on `handler` answers `capability` in this scope. `null` takes the override away. */
export const bindingChanged = fact("binding.changed", {
  data: z.object({
    capability: capabilityName,
    handler: scopeName.nullable(),
    /** Who gets the same work in this scope and never decides; `null`: as a wider scope says. */
    shadows: z.array(scopeName).max(10).nullable().default(null),
    /** What stood in this scope before; `--undo` goes back to it. */
    previous: scopeName.nullable(),
    /** Counts the changes of this scope and capability. */
    version: z.int().min(1).max(2_147_483_647),
    undo: z.boolean(),
    /** When it ends by itself, and what stood before is in force again. */
    until: z.iso.datetime({ offset: true }).optional(),
    by: z.string().optional(),
    reason: z.string().max(1_000).optional(),
  }),
  example: { capability: "train", handler: "logistic", previous: null, version: 1, undo: false },
});
