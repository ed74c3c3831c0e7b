import { z } from "zod";
import { capabilityName, scopeName, stepName } from "../event/names.ts";
import { workLimits } from "./limits.ts";
import { fetchRule, gateRule, parameters, season, sliceRule, splitRule } from "./rules.ts";
import { appliedWorkflow } from "./workflow.ts";

/** The long form of one subproject: every value said, none left to a default. */
export const configuration = z
  .object({
    /** A project whose workflows read no data of its own has neither source nor target. */
    fetch: fetchRule.optional(),
    split: splitRule,
    target: z.string().min(1).optional(),
    train: z.object({
      command: z.string().min(1).optional(),
      params: parameters,
      inputs: z.enum(["parquet", "csv"]),
    }),
    evaluate: z.object({
      metrics: z.array(z.string()).optional(),
      slices: z.array(sliceRule),
      query: z.string().optional(),
      season: season.optional(),
    }),
    gate: gateRule,
    attempts: z.record(z.string(), z.int().min(1).max(100)),
  })
  .meta({ id: "Configuration" });

/** Where each value of a configuration came from: JSON Pointer → `jackfield.yaml:3` or `default`. */
export const origins = z.record(z.string(), z.string());

/** A lead in the file: the handler, unless it is the default one, and those that get the same work without deciding. */
export const fileBinding = z
  .object({ to: scopeName.optional(), shadows: z.array(scopeName) })
  .meta({ id: "FileBinding" });

/** A project as it was applied: everything that `config.applied` makes so, as one version. */
export const appliedProject = z
  .object({
    organization: scopeName,
    project: scopeName,
    /** Capability → lead, as the file says; an override by `bind` is stronger. */
    bind: z.record(capabilityName, fileBinding),
    /** Absent: as much as the handlers can take. */
    limits: workLimits.optional(),
    /** By name; the default one, `lifecycle`, is always there. */
    workflows: z.record(stepName, appliedWorkflow),
    subprojects: z.record(scopeName, configuration),
  })
  .meta({ id: "AppliedProject" });

export type Configuration = z.output<typeof configuration>;
export type AppliedProject = z.output<typeof appliedProject>;
export type Origins = z.output<typeof origins>;
