import { z } from "zod";
import { digest } from "../event/artifact.ts";
import { capabilityName, scopeName } from "../event/names.ts";
import { positionText } from "../event/position.ts";
import { appliedProject, origins } from "../project/configuration.ts";
import { decision, question } from "./question.ts";

/** Make a project file true, or with `dryRun` say what that would change. */
export const apply = question("projects", "apply", {
  input: z.object({
    ...decision,
    /** The file's text (YAML 1.2 or JSON) and the name to show in errors. */
    text: z.string().max(1_000_000),
    file: z.string().max(400),
    dryRun: z.boolean().optional(),
    /** The file may say no other project: what the token of who asks is for. */
    only: z.array(scopeName).optional(),
    /** The version it was based on; another one in force is E_APPLY_RACE. */
    expectedVersion: z.int().min(0).max(2_147_483_647).optional(),
  }),
  answer: z.object({
    project: scopeName,
    version: z.int(),
    digest,
    /** Absent on a dry run, and when nothing changed. */
    position: positionText.optional(),
    changes: z.array(z.object({ path: z.string(), from: z.json().optional(), to: z.json().optional() })),
    subprojects: z.array(z.string()),
    /** Who answers what, as the file says it. */
    bind: z.record(capabilityName, scopeName),
  }),
});

/** The long form in force, with the origin of every value. */
export const configuration = question("projects", "configuration", {
  input: z.object({ project: scopeName, version: z.int().optional() }),
  answer: z.object({
    version: z.int(),
    digest,
    applied: appliedProject,
    origins: z.record(z.string(), origins),
    by: z.string().optional(),
    at: z.string().optional(),
  }),
});

export const projectList = question("projects", "list", {
  input: z.object({}),
  answer: z.object({
    projects: z.array(z.object({ project: scopeName, version: z.int(), subprojects: z.array(z.string()) })),
  }),
});
