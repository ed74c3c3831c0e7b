import { z } from "zod";
import { capabilityName, stepName } from "../event/names.ts";

/**
 * One step: a capability, the steps it needs, and its inputs. `with` maps a field of the input to a JSON Pointer
 * (RFC 6901) into `{ configuration, run, <step>: outputs }`; a pointer that finds nothing leaves the field out.
 */
export const step = z.object({
  name: stepName,
  capability: capabilityName,
  needs: z.array(stepName),
  with: z.record(z.string(), z.string()),
});

export const workflow = z.object({ name: stepName, steps: z.array(step).min(1) }).meta({ id: "Workflow" });

export type Step = z.output<typeof step>;
export type Workflow = z.output<typeof workflow>;

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
        gate: "/configuration/gate",
        usual: "/split/usual",
      },
    },
  ],
};
