import { z } from "zod";
import { descriptor, digest, table } from "../event/artifact.ts";
import { capability } from "../event/contract.ts";
import { exampleTable } from "../event/example.ts";
import { parameters } from "../project/rules.ts";

/** Fits a model on `dataset.train` and predicts every row of `dataset.test`, whose target it never sees. */
export const train = capability("train", {
  input: z.object({
    dataset: z.object({ train: table, test: table }),
    target: z.string(),
    /** The `train:` line; a handler that is a program of its own ignores it. */
    command: z.string().optional(),
    params: parameters.default({}),
    inputs: z.enum(["parquet", "csv"]).default("parquet"),
    seed: z.int().min(0).max(2_147_483_647),
    /** The packed code tree that the command runs in. */
    code: descriptor.optional(),
  }),
  output: z.object({
    model: descriptor,
    /** `__row_id`, `prediction`, optional `p_<class>` or quantiles `q_<share>`; every test row exactly once. */
    predictions: table,
    /** Flat numbers that the trainer measured itself. */
    metrics: z.record(z.string(), z.number()).default({}),
    /** What it ran in: platform, versions, lock digests; `rebuilt: false` when it was found, not built. */
    environment: z
      .object({ digest, rebuilt: z.boolean(), facts: z.record(z.string(), z.string()) })
      .optional(),
    summary: descriptor.optional(),
    files: z.array(descriptor).default([]),
  }),
  publishes: [
    {
      fact: "model.published",
      resource: "/run",
      version: "/model/digest",
      data: { model: "/model", predictions: "/predictions", metrics: "/metrics" },
    },
  ],
  tables: ["predictions"],
  example: {
    input: {
      dataset: { train: exampleTable, test: exampleTable },
      target: "weather",
      command: "node train.mjs",
      params: { trees: 100 },
      seed: 1_804_289_383,
    },
    output: {
      model: {
        mediaType: "application/octet-stream",
        digest: exampleTable.digest,
        size: 217_088,
        name: "model",
      },
      predictions: {
        ...exampleTable,
        rows: 365,
        columns: [{ name: "prediction", type: "string", nulls: 0 }],
      },
    },
  },
});
