import { z } from "zod";
import { capabilityEntry, fact } from "../event/contract.ts";
import { capabilityName, contractVersion } from "../event/names.ts";

/** A contract as people write it: JSON Schemas of what goes in and comes out; what is not said has the ordinary value. */
export const publishedContract = capabilityEntry
  .extend({
    name: capabilityName,
    version: contractVersion.default("1.0.0"),
    effects: capabilityEntry.shape.effects.default("none"),
    publishes: capabilityEntry.shape.publishes.max(20).default([]),
    tables: z.array(z.string()).max(100).default([]),
  })
  .strict()
  .meta({ id: "PublishedContract" });

/** There is a new verb, or a new version of one: from now on workflows, bindings and doors know it as they know ours. */
export const capabilityPublished = fact("capability.published", {
  data: z.object({
    contract: publishedContract,
    by: z.string().optional(),
    reason: z.string().max(1_000).optional(),
  }),
  example: {
    contract: {
      name: "explain",
      input: { type: "object", properties: { model: { type: "object" } }, required: ["model"] },
      output: {
        type: "object",
        properties: { importance: { type: "object", additionalProperties: { type: "number" } } },
        required: ["importance"],
      },
    },
  },
});
