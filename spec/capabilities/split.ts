import { z } from "zod";
import { table } from "../event/artifact.ts";
import { capability } from "../event/contract.ts";
import { exampleTable } from "../event/example.ts";
import { season, sliceRule, splitRule, usualAnswer } from "../project/rules.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Parts the rows of a data version; the target of the test rows is held back in `truth`. */
export const split = capability("split", {
  input: z.object({
    dataset: table,
    rule: splitRule,
    target: z.string(),
    /** Their columns travel in `truth`, so that evaluate can judge slices. */
    slices: z.array(sliceRule).default([]),
    /** The column that tells queries apart, where rows are ranked; it travels in `truth` too. */
    query: z.string().optional(),
    season: season.default(1),
    seed: z.int().min(0).max(2_147_483_647),
  }),
  output: z.object({
    parts: z.object({
      train: table,
      /** Without the target column. */
      test: table,
    }),
    /** Row id, target, slice and query columns of the test rows. */
    truth: table,
    /** What the rule came to, said in words when it was `auto`. */
    method: z.string(),
    /** What always giving the same answer would say, learned from train. */
    usual: usualAnswer.default({}),
    leakage: z.object({
      rows: z.object({ train: count, test: count, left: count }),
      /** Rows with equal content on both sides; the same row twice is E_LEAK, equal twins are counted here. */
      twins: count,
      classes: z.record(z.string(), z.object({ train: count, test: count })).optional(),
      time: z
        .object({ column: z.string(), train: z.array(z.string()).max(2), test: z.array(z.string()).max(2) })
        .optional(),
    }),
  }),
  example: {
    input: {
      dataset: exampleTable,
      rule: { method: "column", column: "date", test: "2015-01-01.." },
      target: "weather",
      seed: 7,
    },
    output: {
      parts: { train: { ...exampleTable, rows: 1_096 }, test: { ...exampleTable, rows: 365 } },
      truth: { ...exampleTable, rows: 365 },
      method: "column",
      usual: { classes: ["rain"] },
      leakage: { rows: { train: 1_096, test: 365, left: 0 }, twins: 0 },
    },
  },
});
