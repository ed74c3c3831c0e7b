import { z } from "zod";
import { table } from "../event/artifact.ts";
import { capability } from "../event/contract.ts";
import { exampleTable } from "../event/example.ts";
import { gateRule, sliceRule, usualAnswer } from "../project/rules.ts";

const metrics = z.record(z.string(), z.number());
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Joins predictions with the held-back truth by row id, measures, and judges by the gate. It never loads a model. */
export const evaluate = capability("evaluate", {
  input: z.object({
    predictions: table,
    truth: table,
    target: z.string(),
    /** Without it: every metric of the target's family. */
    metrics: z.array(z.string()).optional(),
    slices: z.array(sliceRule).default([]),
    /** Rows with one value of this column are ranked against each other: the target is relevance, the prediction a score. */
    query: z.string().optional(),
    gate: gateRule.default({}),
    /** The constant answers to compare with; without them, the best that the truth itself allows. */
    usual: usualAnswer.default({}),
  }),
  output: z.object({
    family: z.enum(["classification", "regression", "ranking"]),
    rows: count,
    metrics,
    /** Metrics that could not be computed here, with the reason. */
    absent: z.record(z.string(), z.string()).default({}),
    /** Where probabilities were given: what was said, from 0 to 1, and how often it came true. */
    reliability: z
      .array(z.object({ from: z.number(), to: z.number(), rows: count, said: z.number(), was: z.number() }))
      .optional(),
    /** What always answering the same would reach. */
    baseline: z.object({ metric: z.string(), value: z.number(), answers: z.array(z.string()) }),
    slices: z
      .array(
        z.object({
          slice: z.string(),
          value: z.string(),
          rows: count,
          /** Are they as many as its rule asks for? */
          enough: z.boolean().default(true),
          metrics,
        }),
      )
      .default([]),
    gate: z
      .array(
        z.object({
          metric: z.string(),
          condition: z.string(),
          value: z.number(),
          pass: z.boolean(),
          /** It does not hold, but what it warns with does. */
          warning: z.literal(true).optional(),
          /** The value is that of the worst slice that was asked. */
          slice: z.object({ name: z.string(), value: z.string() }).optional(),
        }),
      )
      .default([]),
    /** `none` when there was no gate. */
    verdict: z.enum(["pass", "warning", "fail", "none"]),
    /** A row per test row: target, prediction, probabilities or quantiles, loss, slice columns. */
    results: table,
  }),
  example: {
    input: {
      predictions: { ...exampleTable, rows: 365 },
      truth: { ...exampleTable, rows: 365 },
      target: "weather",
      gate: { accuracy: ">= 0.80" },
      usual: { classes: ["rain"] },
    },
    output: {
      family: "classification",
      rows: 365,
      metrics: { accuracy: 0.8356 },
      baseline: { metric: "accuracy", value: 0.3945, answers: ["rain"] },
      gate: [{ metric: "accuracy", condition: ">= 0.80", value: 0.8356, pass: true }],
      verdict: "pass",
      results: { ...exampleTable, rows: 365 },
    },
  },
});
