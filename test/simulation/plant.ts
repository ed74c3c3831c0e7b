import { catalogueOf, type Catalogue } from "@jackfield/lifecycle/facts";
import {
  applied,
  builtInCatalogue,
  description,
  weatherConfiguration,
} from "@jackfield/lifecycle/story-events";
import type { OwnLimits } from "@jackfield/lifecycle/trigger-task";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import type { Completion, Step } from "@jackfield/spec/project/workflow";
import type { Random } from "./random.ts";

/** What has an effect outside is not tried again blindly. */
const deploy = { name: "deploy", version: "1.0.0", effects: "external" as const, publishes: [], tables: [] };

export const catalogue: Catalogue = catalogueOf([
  ...builtInCatalogue.values(),
  { ...deploy, input: {}, output: {} },
]);

/** Short, so that virtual minutes hold many of them. */
export const ownLimits = { leaseSeconds: 12, finishSeconds: 60 } satisfies OwnLimits;

const capabilities = ["fetch", "split", "train", "evaluate", "deploy"] as const;
/** Those that a step may name beside the bound one, and that may shadow. */
export const others = ["acme", "best", "core"] as const;
export const projects = ["weather", "airports"] as const;

export interface HandlerPlan {
  description: HandlerDescription;
  instances: number;
  concurrency: number;
}

/** Who is there: a handler for each capability, and some that can do all of them. */
export function planHandlers(random: Random): HandlerPlan[] {
  const bound = capabilities.map((name) => description(name === "train" ? "command" : name, [name]));
  const all = others.map((name) => description(name, [...capabilities]));
  return [...bound, ...all].map((one) => ({
    description: one,
    instances: random.between(1, 2),
    concurrency: random.between(1, 3),
  }));
}

/** A project with workflows of any shape; the next version of it differs in its limits and leads. */
export function planProject(
  random: Random,
  project: string,
  version: number,
  workflows: AppliedProject["workflows"],
): CloudEvent {
  const limits = random.chance(0.5) ? undefined : planLimits(random);
  const event = applied(
    {
      project,
      workflows,
      subprojects: { seattle: weatherConfiguration },
      bind: random.chance(0.5) ? { fetch: { shadows: random.some(others, 0.5) } } : {},
      ...(limits !== undefined && { limits }),
    },
    version,
  );
  return { ...event, project, id: `${project}/${version}/applied` };
}

const planLimits = (random: Random): AppliedProject["limits"] => ({
  ...(random.chance(0.5) && { running: random.between(1, 4) }),
  ...(random.chance(0.5) && { capabilities: { [random.pick(capabilities)]: 1 } }),
  ...(random.chance(0.5) && { handlers: { [random.pick(others)]: 1 } }),
});

/** Two workflows; the second may listen to the end of the first. */
export function planWorkflows(random: Random): AppliedProject["workflows"] {
  const on = random.chance(0.4) ? ["run.finished AND workflow = 'first'"] : [];
  return {
    first: { on: ["code"], steps: planSteps(random) },
    second: { on, steps: planSteps(random) },
  };
}

function planSteps(random: Random): Step[] {
  const steps: Step[] = [];
  for (let n = random.between(1, 4); n > 0; n -= 1) steps.push(planStep(random, steps));
  return steps;
}

function planStep(random: Random, before: readonly Step[]): Step {
  const needs = random.some(before, 0.6).map(({ name }) => name);
  const handlers = random.chance(0.25) ? random.shuffled(others).slice(0, random.between(1, 3)) : undefined;
  const count = random.chance(0.25) ? planForeach(random, before) : undefined;
  return {
    name: `s${before.length}`,
    capability: random.pick(capabilities),
    needs,
    with: { ...(random.chance(0.5) && { seed: "/run/seed" }), ...(count !== undefined && { row: "/item" }) },
    ...(needs.length > 0 &&
      random.chance(0.2) && { when: random.pick(["result = 'fail'", "status = 'succeeded'"]) }),
    ...(count !== undefined && { foreach: count }),
    ...(random.chance(0.2) && { onFail: "continue" as const }),
    ...(handlers !== undefined && { handlers, complete: planCompletion(random, handlers.length) }),
  };
}

/** A count, or the list that an earlier foreach left. */
function planForeach(random: Random, before: readonly Step[]): NonNullable<Step["foreach"]> {
  const earlier = before.find((step) => step.foreach !== undefined);
  const from =
    earlier !== undefined && random.chance(0.5) ? `/${earlier.name}/outputs` : random.between(0, 5);
  return { in: from, ...(random.chance(0.5) && { limit: random.between(1, 3) }) };
}

const planCompletion = (random: Random, most: number): Completion =>
  random.pick<Completion>(["first", "all", { quorum: random.between(1, most) }]);
