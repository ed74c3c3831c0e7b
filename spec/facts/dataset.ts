import { z } from "zod";
import { digest, table } from "../event/artifact.ts";
import { fact } from "../event/contract.ts";
import { exampleTable } from "../event/example.ts";

/** A data version exists. Published by the conductor from a counted answer to `fetch`. */
export const datasetPublished = fact("dataset.published", {
  data: z.object({ dataset: table, version: digest, task: z.string() }),
  example: { dataset: exampleTable, version: exampleTable.digest, task: "q6ysbtgk2y7mzcgo7qk3vqz2ye/fetch" },
});
