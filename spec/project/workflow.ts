import { z } from "zod";
import { capabilityName, scopeName, stepName } from "../event/names.ts";

/** JSON Pointer (RFC 6901) into something; the whole document is not a place that a step may take. */
export const jsonPointer = z
  .string()
  .regex(/^(\/([^/~]|~[01])*)+$/, "a JSON Pointer: /step/output, /configuration/train/params, /run/seed")
  .meta({ id: "JsonPointer" });

/** A list that lies in an artifact may have so many lines; a list in an event so many items. */
export const mostItems = 10_000_000;
export const mostInlineItems = 100;

/** What the conductor answers itself for a step with `foreach`; no step may ask for it. */
export const foreachCapability = "foreach";

/** One task for each item: of a list, of a JSON-lines artifact, or of the numbers below a count. */
export const foreach = z
  .object({
    in: z.union([jsonPointer, z.int().min(0).max(mostItems)]),
    /** How many of its items may be open at once. */
    limit: z.int().min(1).max(10_000).optional(),
  })
  .meta({ id: "Foreach" });

/** When several handlers answer one step: the first verdict decides, the worst of all, or so many equal ones. */
export const completion = z
  .union([z.enum(["first", "all"]), z.object({ quorum: z.int().min(1).max(100) })])
  .meta({ id: "Completion" });

/**
 * One step: a capability, the steps it needs, and its inputs. `with` maps a field of the input to a JSON Pointer into
 * `{ configuration, run, <step>: outputs }`, in a foreach also `item` and `index`; a pointer that finds nothing leaves
 * the field out.
 */
export const step = z
  .object({
    name: stepName,
    capability: capabilityName,
    needs: z.array(stepName),
    with: z.record(z.string(), jsonPointer),
    /** CESQL over the attributes of the counted `finished` of the first step in `needs`; asked whatever its outcome. */
    when: z.string().min(1).max(4_000).optional(),
    foreach: foreach.optional(),
    /** What needs this step goes on after its `fail`, too. */
    onFail: z.literal("continue").optional(),
    /** Several handlers, each asked; without it the one that is bound. */
    handlers: z.array(scopeName).min(1).max(100).optional(),
    complete: completion.optional(),
  })
  .meta({ id: "Step" });

const steps = z.array(step).min(1);

export const workflow = z.object({ name: stepName, steps }).meta({ id: "Workflow" });

/** A workflow as it is applied: filters of the events that start it, and its steps. */
export const appliedWorkflow = z.object({ on: z.array(z.string()), steps }).meta({ id: "AppliedWorkflow" });

export type Foreach = z.output<typeof foreach>;
export type Completion = z.output<typeof completion>;
export type Step = z.output<typeof step>;
export type Workflow = z.output<typeof workflow>;
export type AppliedWorkflow = z.output<typeof appliedWorkflow>;

/** The life of a model when a project says nothing else: fetch → split → train → evaluate. */
export const defaultLifecycle: Workflow = {
  name: "lifecycle",
  steps: [
    {
      name: "fetch",
      capability: "fetch",
      needs: [],
      with: { source: "/configuration/fetch", file: "/run/files/fetch" },
    },
    {
      name: "split",
      capability: "split",
      needs: ["fetch"],
      with: {
        dataset: "/fetch/dataset",
        rule: "/configuration/split",
        target: "/configuration/target",
        slices: "/configuration/evaluate/slices",
        query: "/configuration/evaluate/query",
        season: "/configuration/evaluate/season",
        seed: "/run/splitSeed",
      },
    },
    {
      name: "train",
      capability: "train",
      needs: ["split"],
      with: {
        dataset: "/split/parts",
        target: "/configuration/target",
        command: "/configuration/train/command",
        params: "/configuration/train/params",
        inputs: "/configuration/train/inputs",
        seed: "/run/seed",
        code: "/run/code/tree",
      },
    },
    {
      name: "evaluate",
      capability: "evaluate",
      needs: ["train"],
      with: {
        predictions: "/train/predictions",
        truth: "/split/truth",
        target: "/configuration/target",
        metrics: "/configuration/evaluate/metrics",
        slices: "/configuration/evaluate/slices",
        query: "/configuration/evaluate/query",
        gate: "/configuration/gate",
        usual: "/split/usual",
      },
    },
  ],
};
