import { readAttribute } from "@jackfield/cesql/compile";
import { CesqlError } from "@jackfield/cesql/errors";
import { compilePredicate } from "@jackfield/cesql/predicate";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { capabilityName } from "@jackfield/spec/event/names";
import { foreachCapability, type Step } from "@jackfield/spec/project/workflow";
import type { Effects } from "./capabilities.ts";
import type { Path, Source } from "./source.ts";
import { allNeeds, circleIn } from "./step-order.ts";
import type { WorkflowForm } from "./workflow-form.ts";

/** What a step's pointers find beside the outputs of other steps. */
const always = ["configuration", "run"];
const inForeach = ["item", "index"];
/** The workflow of a run that is one task by itself is called so. */
const reservedWorkflows = ["lifecycle", "task"];

interface Looking {
  source: Source;
  form: WorkflowForm;
  /** Where the steps stand. */
  path: Path;
}

/**
 * What a schema cannot see in a workflow: names that mean nothing, circles, pointers into what is not there yet.
 * @throws Problem E_YAML or E_NO_CAPABILITY with the place in the file.
 */
export function checkWorkflow(form: WorkflowForm, source: Source, capabilities: Effects): void {
  const { name, steps, stepsPath: path } = form;
  if (path === undefined) return;
  if (path[0] === "workflows" && reservedWorkflows.includes(name))
    throw new Problem("E_YAML", `A workflow cannot be called ${name}`, {
      here: source.placeOfKey(["workflows", name]),
      next: name === "lifecycle" ? "write the lifecycle under workflow:" : "take another name",
    });
  if (steps.length === 0)
    throw new Problem("E_YAML", "A workflow has no step", {
      here: source.place(path),
      next: "name one, or take the key out: a project without it has the default lifecycle",
    });
  const looking = { source, form, path };
  for (const step of steps) {
    checkName(step, looking);
    checkCapability(step, capabilities, looking);
    checkNeeds(step, looking);
  }
  checkCircle(looking);
  for (const step of steps) {
    checkPointers(step, looking);
    checkWhen(step, looking);
    checkAnswers(step, looking);
  }
}

function checkName({ name }: Step, { source, path }: Looking): void {
  if (![...always, ...inForeach].includes(name)) return;
  throw new Problem("E_YAML", `A step cannot be called ${name}`, {
    here: source.placeOfKey([...path, name]),
    why: `/${name} means something else in a pointer`,
    next: "take another name",
  });
}

function checkCapability({ name, capability }: Step, capabilities: Effects, { source, path }: Looking): void {
  const here = source.place([...path, name, "capability"]);
  if (capability === foreachCapability)
    throw new Problem("E_YAML", "foreach is no capability", {
      here,
      next: `say what is done with each item: ${name}: { capability: train, foreach: /plan/items }`,
    });
  if (capabilities.has(capability)) return;
  if (!capabilityName.safeParse(capability).success)
    throw new Problem("E_YAML", `The step ${name} says no capability`, {
      here,
      why: "its name cannot be one: 2 to 30 lower-case letters",
      next: `add it, as in ${name}: { capability: train }`,
    });
  const near = nearestNames(capability, [...capabilities.keys()]);
  throw new Problem("E_NO_CAPABILITY", `No capability is called ${capability}.`, {
    here,
    why:
      near.length > 0
        ? `nearest: ${near.join(", ")}`
        : `known: ${[...capabilities.keys()].sort().join(", ")}`,
    next: [
      `publish it: jackfield apply ${capability}.json`,
      `or be its first handler: jackfield handle ${capability} --name NAME -- COMMAND`,
    ].join("\n"),
  });
}

function checkNeeds({ name, needs }: Step, { source, path, form }: Looking): void {
  const names = form.steps.map((step) => step.name);
  const unknown = needs.find((need) => !names.includes(need));
  if (unknown === undefined) return;
  const near = nearestNames(unknown, names);
  throw new Problem("E_YAML", `${name} needs ${unknown}, and there is no such step`, {
    here: source.place([...path, name, "needs"]),
    why: `there are ${names.join(", ")}`,
    ...(near.length > 0 && { next: `did you mean ${near.join(" or ")}?` }),
  });
}

function checkCircle({ source, path, form }: Looking): void {
  const circle = circleIn(form.steps);
  if (circle === undefined) return;
  throw new Problem("E_YAML", `The steps need each other in a circle: ${circle.join(" → ")}`, {
    here: source.place([...path, circle[0] ?? "", "needs"]),
    next: "take one of these needs out",
  });
}

/** A pointer leads into what is there when the step begins: what it needs, the configuration, the run. */
function checkPointers(step: Step, { source, path, form }: Looking): void {
  const needed = [...allNeeds(form.steps, step)];
  const known = [...always, ...needed];
  const items = step.foreach === undefined ? known : [...known, ...inForeach];
  const list = step.foreach?.in;
  const pointers = [
    ...(typeof list === "string" ? [{ at: ["foreach"], pointer: list, known }] : []),
    ...Object.entries(step.with).map(([field, pointer]) => ({ at: ["with", field], pointer, known: items })),
  ];
  for (const { at, pointer, known } of pointers) {
    const first = pointer.split("/")[1] ?? "";
    if (known.includes(first)) continue;
    const isStep = form.steps.some(({ name }) => name === first);
    throw new Problem("E_YAML", `${step.name}: ${pointer} leads to nothing`, {
      here: source.place([...path, step.name, ...at]),
      why: isStep
        ? `${step.name} does not need ${first}, so it may begin before ${first} has answered`
        : `there are ${known.map((name) => `/${name}`).join(", ")}`,
      ...(isStep && { next: `add ${first} to the needs of ${step.name}` }),
    });
  }
}

function checkWhen({ name, when }: Step, { source, path }: Looking): void {
  if (when === undefined) return;
  try {
    compilePredicate(when, readAttribute);
  } catch (thrown) {
    if (!(thrown instanceof CesqlError)) throw thrown;
    throw new Problem("E_YAML", `${name}: when is not understood`, {
      here: source.place([...path, name, "when"]),
      why: `${thrown.message}, at character ${thrown.position + 1} of ${when}`,
      next: "write it as CESQL over the attributes of the finished event: result = 'fail'",
    });
  }
}

function checkAnswers({ name, needs, when, handlers, complete }: Step, { source, path }: Looking): void {
  const refuse = (key: string, what: string, next: string): never => {
    throw new Problem("E_YAML", `${name}: ${what}`, { here: source.placeOfKey([...path, name, key]), next });
  };
  if (when !== undefined && needs.length === 0)
    refuse("when", "when is asked of the first step that it needs, and it needs none", "add needs");
  if (handlers !== undefined && new Set(handlers).size < handlers.length)
    refuse("handlers", "a handler is named twice", "name each once");
  if (complete === undefined) return;
  if (handlers === undefined)
    refuse("complete", "complete says which of several handlers decide, and there is one", "add handlers");
  const quorum = typeof complete === "object" ? complete.quorum : 1;
  if (quorum > (handlers?.length ?? 0))
    refuse("complete", `${quorum} of ${handlers?.length ?? 0} handlers can never agree`, "lower the quorum");
}
