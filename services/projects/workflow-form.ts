import type { ProjectFile, StepShort } from "@jackfield/spec/project/file";
import { defaultLifecycle, type AppliedWorkflow, type Step } from "@jackfield/spec/project/workflow";
import { defaults } from "./defaults.ts";
import { inOrder } from "./step-order.ts";
import type { Piece } from "./pieces.ts";
import type { Path } from "./source.ts";

/** A workflow in its long form, and where it was said; the default lifecycle was said nowhere. */
export interface WorkflowForm extends AppliedWorkflow {
  name: string;
  onPath?: Path;
  stepsPath?: Path;
}

type StepsShort = NonNullable<ProjectFile["workflow"]>;

/** Every workflow of a file; the one that `workflow:` replaces comes first. */
export function workflowForms({ on, workflow, workflows }: ProjectFile): WorkflowForm[] {
  const lifecycle: WorkflowForm = {
    name: defaultLifecycle.name,
    on: on ?? [...defaults.on],
    ...(on !== undefined && { onPath: ["on"] }),
    ...(workflow === undefined
      ? { steps: defaultLifecycle.steps }
      : { steps: longSteps(workflow), stepsPath: ["workflow"] }),
  };
  const others = Object.entries(workflows ?? {}).map(([name, said]): WorkflowForm => {
    const path = ["workflows", name];
    return {
      name,
      on: said.on ?? [],
      ...(said.on !== undefined && { onPath: [...path, "on"] }),
      steps: longSteps(said.steps),
      stepsPath: [...path, "steps"],
    };
  });
  return [lifecycle, ...others];
}

/** The order in which people write steps is no content: needs come first, then names decide. */
const longSteps = (steps: StepsShort): Step[] =>
  inOrder(Object.entries(steps).map(([name, said]) => longStep(name, said)));

function longStep(name: string, short: StepShort): Step {
  const said = short === null ? {} : typeof short === "string" ? { capability: short } : short;
  const { foreach, needs = [], capability = name, ...rest } = said;
  const usual = defaultLifecycle.steps.find((step) => step.name === name && step.capability === capability);
  return {
    ...rest,
    name,
    capability,
    needs: [needs].flat(),
    with: said.with ?? usual?.with ?? {},
    ...(foreach !== undefined && { foreach: typeof foreach === "object" ? foreach : { in: foreach } }),
  };
}

/** For the origins: a piece for each list of triggers and for each step. */
export const workflowPieces = ({ name, on, onPath, steps, stepsPath }: WorkflowForm): Piece[] => [
  { at: ["workflows", name, "on"], value: on, ...(onPath !== undefined && { said: onPath }) },
  ...steps.map((step) => ({
    at: ["workflows", name, "steps", step.name],
    value: step,
    ...(stepsPath !== undefined && { said: [...stepsPath, step.name] }),
  })),
];
