import { z } from "zod";
import { descriptor, digest, table } from "../event/artifact.ts";
import { capability } from "../event/contract.ts";
import { fetchRule } from "../project/rules.ts";
import { exampleTable } from "../event/example.ts";

/** Reads a source once and leaves a data version: Parquet with row identity, equal bytes for equal content. */
export const fetch = capability("fetch", {
  input: z.object({
    source: fetchRule,
    /** The bytes behind `source.from`, when the client uploaded them. */
    file: descriptor.optional(),
  }),
  output: z.object({
    dataset: table,
    /** The data version: the digest of the table. */
    version: digest,
    /** What named the rows: the declared key, or `content`. */
    key: z.array(z.string()),
  }),
  publishes: [
    {
      fact: "dataset.published",
      resource: "/version",
      version: "/version",
      data: { dataset: "/dataset", version: "/version" },
    },
  ],
  example: {
    input: { source: { from: "data/seattle-weather.csv" } },
    output: { dataset: exampleTable, version: exampleTable.digest, key: ["content"] },
  },
});
