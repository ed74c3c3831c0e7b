import { Problem } from "@jackfield/problem/problem";
import { nearestNames } from "@jackfield/problem/nearest";
import { codeChanged } from "@jackfield/spec/facts/code";
import { dataChanged } from "@jackfield/spec/facts/data";
import { runRequested } from "@jackfield/spec/facts/run";
import { requestedData } from "@jackfield/spec/event/task";
import { parseType, shortType } from "@jackfield/spec/event/type";
import { seedOfRun } from "@jackfield/spec/event/ids";
import type { Workflow } from "@jackfield/spec/project/workflow";
import { maxEventBytes, type CloudEvent } from "@jackfield/spec/event/envelope";
import type { z } from "zod";
import { boundTo } from "./bindings.ts";
import { handlersFor } from "./handlers.ts";
import { pointerTo } from "./json-pointer.ts";
import { nameKey } from "./name-runs.ts";
import { runConfigurationOf, splitSeedOf } from "./seeds.ts";
import { withValues } from "./set-values.ts";
import { checkWhen } from "./when.ts";
import { taskWorkflow, type Wanted } from "./triggers.ts";
import type { Catalogue } from "./facts.ts";
import type { Pinned, RunScope } from "./runs.ts";
import type { NameCount, Project, State } from "./state.ts";

/** What a run asks for, whatever event said it. */
type Request = z.output<typeof runRequested.data>;

/** What is pinned before the run has a name, a seed and bindings. */
type Draft = Pick<Pinned, "workflow" | "files" | "cache" | "refresh"> &
  Partial<Pick<Pinned, "configuration" | "code" | "version" | "inputs" | "retryof">>;

const maxDepth = 16;
/** The envelope needs the rest. */
const mostBytes = maxEventBytes - 4_096;

/**
 * Everything a run needs, by value, from the request and the state at its place in the stream.
 * @throws Problem that says why the request cannot become a run.
 */
export function pinRun(
  state: State,
  event: CloudEvent,
  asked: Wanted,
  catalogue: Catalogue,
): Omit<Pinned, "runname"> {
  const depth = depthOf(state, event);
  const subject = parseType(event.type)?.subject;
  const isTask = subject !== "run" && asked.workflow === taskWorkflow;
  const request = isTask ? {} : requestOf(event);
  const draft = isTask ? draftTask(state, event, asked.scope, catalogue) : draftRun(state, request, asked);
  draft.workflow.steps.forEach(checkWhen);
  const runconfiguration = runConfigurationOf(asked.scope, draft);
  const again = request.retryof === undefined ? undefined : pinnedOf(state, request.retryof).seed;
  const last = request.fresh === true ? undefined : (again ?? state.seeds.get(runconfiguration)?.seed);
  const pinned = {
    ...draft,
    ...bindingsOf(state, event, { scope: asked.scope, workflow: draft.workflow }, catalogue),
    seed: request.seed ?? last ?? seedOfRun(asked.run),
    splitSeed: splitSeedOf(asked.scope),
    depth,
    runconfiguration,
  };
  if (Buffer.byteLength(JSON.stringify(pinned)) > mostBytes) throw tooLarge();
  return pinned;
}

const tooLarge = (): Problem =>
  new Problem("E_TOO_LARGE", "What this run is to be given does not fit into an event.", {
    why: `an event has at most ${maxEventBytes} bytes`,
    next: "put what is large into an artifact and hand on its descriptor",
  });

/** One more than the run in which the cause happened; a chain that feeds itself ends here. */
function depthOf(state: State, event: CloudEvent): number {
  const cause = event.run === undefined ? undefined : state.runs.get(event.run);
  const depth = cause === undefined || cause.status === "refused" ? 1 : cause.pinned.depth + 1;
  if (depth < maxDepth) return depth;
  throw new Problem("E_TOO_DEEP", `Runs start runs here, ${depth} deep; this one is refused.`, {
    why: `its cause is ${event.id}, of the run ${cause?.name ?? event.run ?? ""}`,
    next: "look at `on:` in the project file: it listens to what its own runs publish",
  });
}

/** The facts that start runs, read as requests. */
function requestOf(event: CloudEvent): Request {
  const type = shortType(event.type);
  if (type === "code.changed") {
    const { code, files } = codeChanged.data.safeParse(event.data ?? {}).data ?? {};
    return { ...(code !== undefined && { code }), ...(files !== undefined && { files }) };
  }
  if (type === "data.changed") {
    const changed = dataChanged.data.safeParse(event.data ?? {});
    const files = changed.data?.files;
    return { refresh: true, ...(files !== undefined && { files }) };
  }
  if (type !== "run.requested") return {};
  const asked = runRequested.data.safeParse(event.data ?? {});
  if (asked.success) return asked.data;
  const [issue] = asked.error.issues;
  throw new Problem("E_INVALID", "This request does not keep its contract.", {
    why: `data.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`,
  });
}

function draftRun(state: State, request: Request, { scope, workflow }: Wanted): Draft {
  const again = request.retryof === undefined ? undefined : pinnedOf(state, request.retryof);
  const project = state.projects.get(scope.project);
  const base = again === undefined ? configurationOf(state, scope) : again.configuration;
  const configuration =
    base === undefined || request.set === undefined ? base : withValues(base, request.set);
  const last = state.names.get(nameKey(scope.project, scope.subproject ?? ""))?.last;
  const code = request.code ?? again?.code ?? last?.code;
  return {
    workflow: again?.workflow ?? workflowOf(project, workflow),
    ...(configuration !== undefined && { configuration }),
    ...(code !== undefined && { code }),
    files: request.files ?? again?.files ?? filesOf(last, configuration?.fetch?.from),
    cache: request.cache ?? true,
    refresh: request.refresh ?? false,
    ...(again?.inputs !== undefined && { inputs: again.inputs }),
    ...(project !== undefined && { version: project.version }),
    ...(request.retryof !== undefined && { retryof: request.retryof }),
  };
}

/** What the newest run was given stands for what a request leaves out, unless the project reads something else now. */
const filesOf = (last: NameCount["last"], from: string | undefined): Pinned["files"] =>
  last !== undefined && last.from === from ? last.files : {};

function configurationOf(
  state: State,
  { project, subproject }: RunScope,
): NonNullable<Pinned["configuration"]> {
  const applied = state.projects.get(project)?.applied;
  if (applied === undefined) throw notFound("project", project, []);
  const found = subproject === undefined ? undefined : applied.subprojects[subproject];
  if (found === undefined)
    throw notFound("subproject", subproject ?? "", Object.keys(applied.subprojects), project);
  return found;
}

function notFound(what: string, name: string, known: string[], inside?: string): Problem {
  const near = nearestNames(name, known);
  return new Problem(
    "E_NOT_FOUND",
    `No ${what} ${name}${inside === undefined ? "" : ` in project ${inside}`}.`,
    {
      ...(near.length > 0 && { why: `nearest: ${near.join(", ")}` }),
      ...(what === "project" && { why: "no project file of that name was applied" }),
      next: what === "project" ? "jackfield apply" : "jackfield ls subprojects",
    },
  );
}

function workflowOf(project: Project | undefined, name: string): Workflow {
  const workflows = project?.applied.workflows ?? {};
  const found = Object.hasOwn(workflows, name) ? workflows[name] : undefined;
  if (found !== undefined) return { name, steps: found.steps };
  throw new Problem("E_NOT_FOUND", `No workflow ${name} in project ${project?.applied.project ?? ""}.`, {
    why: `known: ${Object.keys(workflows).join(", ")}`,
    next: "add it under `workflows:` in the project file, then jackfield apply",
  });
}

function pinnedOf(state: State, run: string): Pinned {
  const found = state.runs.get(run);
  if (found !== undefined && found.status !== "refused") return found.pinned;
  throw new Problem("E_NOT_FOUND", `There is no run ${run} to do again.`, { next: "jackfield ls runs" });
}

/** `<capability>.requested`: the inputs stand in the event, so the workflow is one step that hands them on. */
function draftTask(state: State, event: CloudEvent, scope: RunScope, catalogue: Catalogue): Draft {
  const capability = parseType(event.type)?.subject ?? "";
  const asked = requestedData.safeParse(event.data);
  if (!asked.success) {
    throw new Problem("E_INVALID", `This ${capability}.requested does not keep its contract.`, {
      why: asked.error.issues.map((issue) => `data.${issue.path.join(".")}: ${issue.message}`).join("\n"),
      next: "say the inputs of the capability's contract under data.inputs",
    });
  }
  if (!catalogue.has(capability) && handlersFor(state, scope.project, capability).length === 0) {
    throw noCapability(capability, catalogue);
  }
  const { inputs, cache } = asked.data;
  return { workflow: oneTask(capability, inputs), files: {}, cache: cache ?? true, refresh: false, inputs };
}

export function noCapability(name: string, catalogue: Catalogue): Problem {
  const known = [...catalogue.keys()];
  const near = nearestNames(name, known);
  return new Problem("E_NO_CAPABILITY", `No capability is called ${name}.`, {
    why: near.length > 0 ? `nearest: ${near.join(", ")}` : `known: ${known.join(", ")}`,
    next: `be its first handler: jackfield handle ${name} -- COMMAND`,
  });
}

const oneTask = (capability: string, inputs: Record<string, unknown>): Workflow => ({
  name: taskWorkflow,
  steps: [
    {
      name: capability,
      capability,
      needs: [],
      with: Object.fromEntries(
        Object.keys(inputs).map((field) => [field, pointerTo("run", "inputs", field)]),
      ),
    },
  ],
});

/** Capability → handler and shadows, pinned at the start; a request for one task may name its handler itself. */
function bindingsOf(
  state: State,
  event: CloudEvent,
  { scope, workflow }: { scope: RunScope; workflow: Workflow },
  catalogue: Catalogue,
): Pick<Pinned, "bindings" | "shadows"> {
  const named = requestedData.safeParse(event.data).data?.handler;
  const capabilities = [...new Set(workflow.steps.map((step) => step.capability))];
  const bound = capabilities.map((name) => [name, boundTo(state, scope, name, catalogue)] as const);
  const shadows = bound.flatMap(([name, lead]): [string, string[]][] => {
    const none = lead.shadows.length === 0 || catalogue.get(name)?.effects === "external";
    return none ? [] : [[name, lead.shadows]];
  });
  return {
    bindings: Object.fromEntries(bound.map(([name, { handler }]) => [name, named ?? handler])),
    ...(named === undefined && shadows.length > 0 && { shadows: Object.fromEntries(shadows) }),
  };
}
