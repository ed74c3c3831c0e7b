import { z } from "zod";
import { capabilityName, scopeName, stepName } from "../event/names.ts";
import { workLimits } from "./limits.ts";
import { fetchRule, gateShort, parameters, season, sliceRule, valueRange } from "./rules.ts";
import { completion, foreach, step } from "./workflow.ts";

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
    .strictObject({
      metrics: z.array(z.string()).optional(),
      slices: z.array(sliceRule).optional(),
      query: z.string().min(1).optional(),
      season: season.optional(),
    })
    .optional(),
  gate: gateShort.optional(),
  attempts: z.record(z.string(), z.int().min(1).max(100)).optional(),
};

/** A step as people write it: nothing, the capability alone, or what differs from the defaults. */
export const stepShort = z.union([
  z.null(),
  capabilityName,
  z.strictObject({
    ...step.omit({ name: true }).partial().shape,
    needs: z.union([stepName, z.array(stepName)]).optional(),
    foreach: z.union([foreach.shape.in, z.strictObject(foreach.shape)]).optional(),
    complete: completion.optional(),
  }),
]);

export const stepsShort = z.record(stepName, stepShort);

/** A project file as people write it; a misspelt key is an error, not a wish. */
export const projectFile = z
  .strictObject({
    project: scopeName,
    organization: scopeName.optional(),
    ...settings,
    on: z.array(z.string()).optional(),
    /** The graph instead of the default lifecycle. */
    workflow: stepsShort.optional(),
    /** More graphs, each with what starts it. */
    workflows: z
      .record(stepName, z.strictObject({ on: z.array(z.string()).optional(), steps: stepsShort }))
      .optional(),
    bind: z
      .record(
        capabilityName,
        z.union([
          scopeName,
          z.strictObject({ to: scopeName.optional(), shadows: z.array(scopeName).optional() }),
        ]),
      )
      .optional(),
    limits: z.strictObject(workLimits.shape).optional(),
    subprojects: z.record(scopeName, z.union([z.null(), z.strictObject(settings)])).optional(),
  })
  .meta({ id: "ProjectFile" });

export const subprojectSettings = z.strictObject(settings);

export type ProjectFile = z.output<typeof projectFile>;
export type StepShort = z.output<typeof stepShort>;
export type SubprojectSettings = z.output<typeof subprojectSettings>;
