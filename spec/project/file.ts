import { z } from "zod";
import { capabilityName, scopeName } from "../event/names.ts";
import { workLimits } from "./limits.ts";
import { fetchRule, gateRule, parameters, sliceRule, valueRange } from "./rules.ts";

const share = z.number().gt(0).lt(1);

/** What people write under `split:`; `by` names a method (quota, hash) or a column. */
export const splitShort = z.union([
  share,
  z.strictObject({
    by: z.string().min(1).optional(),
    test: z.union([share, valueRange]),
    train: valueRange.optional(),
    stratify: z.string().optional(),
    key: z.string().optional(),
  }),
]);

export const trainShort = z.union([
  z.string().min(1),
  z.strictObject({
    command: z.string().min(1).optional(),
    params: parameters.optional(),
    inputs: z.enum(["parquet", "csv"]).optional(),
  }),
]);

const settings = {
  fetch: z.union([z.string().min(1), z.strictObject(fetchRule.shape)]).optional(),
  split: splitShort.optional(),
  target: z.string().min(1).optional(),
  train: trainShort.optional(),
  params: parameters.optional(),
  evaluate: z
    .strictObject({ metrics: z.array(z.string()).optional(), slices: z.array(sliceRule).optional() })
    .optional(),
  gate: gateRule.optional(),
  attempts: z.record(z.string(), z.int().min(1).max(100)).optional(),
};

/** A project file as people write it; a misspelt key is an error, not a wish. */
export const projectFile = z
  .strictObject({
    project: scopeName,
    organization: scopeName.optional(),
    ...settings,
    on: z.array(z.string()).optional(),
    bind: z.record(capabilityName, scopeName).optional(),
    limits: z.strictObject(workLimits.shape).optional(),
    subprojects: z.record(scopeName, z.union([z.null(), z.strictObject(settings)])).optional(),
  })
  .meta({ id: "ProjectFile" });

export const subprojectSettings = z.strictObject(settings);

export type ProjectFile = z.output<typeof projectFile>;
export type SubprojectSettings = z.output<typeof subprojectSettings>;
