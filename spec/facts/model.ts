import { z } from "zod";
import { descriptor, table } from "../event/artifact.ts";
import { fact } from "../event/contract.ts";
import { exampleTable } from "../event/example.ts";

/** A model exists. Published by the conductor from a primary's counted answer to `train`. */
export const modelPublished = fact("model.published", {
  data: z.object({
    model: descriptor,
    predictions: table,
    metrics: z.record(z.string(), z.number()).optional(),
    task: z.string(),
  }),
  example: {
    model: { mediaType: "application/octet-stream", digest: exampleTable.digest, size: 217_088 },
    predictions: exampleTable,
    task: "q6ysbtgk2y7mzcgo7qk3vqz2ye/train",
  },
});
