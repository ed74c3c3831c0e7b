import type { z } from "zod";
import {
  bindingKey,
  boundTo,
  printScope,
  rebind,
  type BindingScope,
  type Bound,
} from "@jackfield/lifecycle/bindings";
import { catalogueIn } from "@jackfield/lifecycle/capabilities";
import { shadowsAfter } from "@jackfield/lifecycle/change-shadows";
import { commonContract, handlersFor } from "@jackfield/lifecycle/handlers";
import { noCapability } from "@jackfield/lifecycle/pin-run";
import type { State } from "@jackfield/lifecycle/state";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { printPosition } from "@jackfield/spec/event/position";
import { bindingChanged } from "@jackfield/spec/facts/binding";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { bind, bindings } from "@jackfield/spec/ask/conductor";
import { bindingsAsOf } from "./bindings-as-of.ts";
import type { Conductor } from "./conductor.ts";
import { builtIn } from "./desk.ts";
import { say } from "./say.ts";

type Asked = z.output<typeof bind.input>;

/** Moves a lead, or moves it back, or says who shadows it; the answer is given when runs that start now use it. */
export const answerBind =
  (conductor: Conductor) =>
  (asked: Asked): Promise<z.input<typeof bind.answer>> =>
    conductor.commands(async () => {
      const at = withOrganization(conductor, asked);
      const event = await conductor.ask((state) => {
        checkPlace(conductor, at);
        checkHandler(conductor, at);
        checkUntil(at);
        const { shadow, undo = false, ...lead } = at;
        const shadows =
          shadow === undefined ? undefined : shadowsAfter(at, leadNow(conductor, at), conductor);
        const change = { ...lead, undo, ...(shadows !== undefined && { shadows }) };
        return rebind(state, change, new Date().toISOString());
      });
      const position = await say(conductor, event);
      const { handler, previous } = bindingChanged.data.parse(event.data);
      const { shadows } = leadNow(conductor, at);
      return { position: printPosition(position), event: event.id, handler, previous, shadows };
    });

const leadNow = ({ state, catalogue }: Conductor, at: Asked): Bound =>
  boundTo(state, { ...at, project: at.project ?? "" }, at.capability, catalogue);

/** A project belongs to one organization; who names the project need not name that. */
const withOrganization = ({ state }: Conductor, asked: Asked): Asked => {
  const organization =
    asked.organization ??
    (asked.project === undefined ? undefined : state.projects.get(asked.project)?.applied.organization);
  return organization === undefined ? asked : { ...asked, organization };
};

function checkPlace({ state }: Conductor, { project, subproject }: Asked): void {
  if (project === undefined && subproject !== undefined) {
    throw new Problem("E_USAGE", "A subproject is named together with its project.");
  }
  const applied = project === undefined ? undefined : state.projects.get(project)?.applied;
  if (subproject === undefined || applied === undefined || applied.subprojects[subproject] !== undefined)
    return;
  const near = nearestNames(subproject, Object.keys(applied.subprojects));
  throw new Problem("E_NOT_FOUND", `No subproject ${subproject} in project ${applied.project}.`, {
    ...(near.length > 0 && { why: `nearest: ${near.join(", ")}` }),
  });
}

function checkHandler(conductor: Conductor, asked: Asked): void {
  const { state, catalogue } = conductor;
  const { project, capability, handler } = asked;
  const known = handlersFor(state, project, capability);
  if (!catalogue.has(capability) && known.length === 0) throw noCapability(capability, catalogue);
  if (asked.undo === true) {
    checkUndo(conductor, asked);
    return;
  }
  // Who is gone for good can still be taken away.
  if (handler === null || asked.shadow === "remove") return;
  const description = describedAs(conductor, { ...asked, handler });
  if (description !== undefined) {
    checkContract(description, capability, catalogue.get(capability)?.version);
    return;
  }
  const names = known.map(({ description }) => description.handler);
  const near = nearestNames(handler, names);
  throw new Problem("E_NO_HANDLER", `No handler ${handler} answers ${capability}.`, {
    why:
      names.length === 0
        ? "no handler is known for it"
        : `known: ${names.join(", ")}${near.length > 0 ? `; nearest: ${near.join(", ")}` : ""}`,
    next: `start it first: jackfield handle ${capability} --name ${handler} -- COMMAND`,
  });
}

/** Who greeted just now is there, also while the stream has not said so yet. */
function describedAs(
  { state, live }: Conductor,
  { project, capability, handler }: Asked & { handler: string },
): HandlerDescription | undefined {
  const greeted = live.find(project ?? "", handler)?.description;
  if (greeted !== undefined && Object.hasOwn(greeted.contracts, capability)) return greeted;
  const known = handlersFor(state, project, capability);
  return known.find(({ description }) => description.handler === handler)?.description;
}

function checkContract(description: HandlerDescription, capability: string, ours: string | undefined): void {
  if (commonContract(description, capability, ours) !== undefined) return;
  const { from = "", to = "" } = description.contracts[capability] ?? {};
  const range = from === to ? from : `${from} to ${to}`;
  throw new Problem(
    "E_CONTRACT",
    `${description.handler} speaks ${capability} ${range}, and here it is ${ours ?? "unknown"}.`,
    { next: `start a version of ${description.handler} that speaks ${ours ?? capability}` },
  );
}

function checkUntil({ until }: Asked): void {
  if (until === undefined || Date.parse(until) > Date.now()) return;
  throw new Problem("E_USAGE", `${until} is over already.`, { next: "say an instant that is still to come" });
}

function checkUndo(conductor: Conductor, asked: Asked): void {
  const before = conductor.state.bindings.get(bindingKey(asked, asked.capability));
  if (before !== undefined && before.earlier.length > 0) return;
  throw new Problem(
    "E_STATE",
    `Nothing was bound to ${asked.capability} in ${printScope(asked)}; there is nothing to undo.`,
    {
      next: "jackfield bind",
    },
  );
}

/** Who answers what in a scope, and who said so. */
export const answerBindings =
  (conductor: Conductor) =>
  async ({ at, ...scope }: z.output<typeof bindings.input>): Promise<z.input<typeof bindings.answer>> => {
    const state =
      at === undefined ? conductor.state : await bindingsAsOf(conductor.parts.events, builtIn, at);
    const catalogue = catalogueIn(state, builtIn);
    const { project = "" } = scope;
    const organization = scope.organization ?? state.projects.get(project)?.applied.organization;
    const overridden = [...state.bindings.values()].map(({ capability }) => capability);
    const told = [...state.handlers.values()].flatMap(({ description }) =>
      description.project === null || description.project === project
        ? Object.keys(description.contracts)
        : [],
    );
    const names = new Set([...catalogue.keys(), ...told, ...overridden]);
    return {
      bindings: [...names].sort().map((capability) => ({
        capability,
        ...boundTo(state, { ...scope, organization, project }, capability, catalogue),
      })),
      overrides: overridesAround(state, { ...scope, organization: organization ?? defaultOrganization }),
    };
  };

type Override = z.input<typeof bindings.answer>["overrides"][number];

/** What stands by hand in the organization, in the project, and in what lies inside the scope. */
const overridesAround = (
  { bindings: all }: Pick<State, "bindings">,
  { organization, project, subproject }: BindingScope,
): Override[] =>
  [...all.values()]
    .filter((one) => one.handler !== null && one.organization === organization)
    .filter((one) => one.project === undefined || project === undefined || one.project === project)
    .filter(
      (one) => one.subproject === undefined || subproject === undefined || one.subproject === subproject,
    )
    .sort((a, b) => (bindingKey(a, a.capability) < bindingKey(b, b.capability) ? -1 : 1))
    .map((one) => ({
      organization: one.organization,
      ...(one.project !== undefined && { project: one.project }),
      ...(one.subproject !== undefined && { subproject: one.subproject }),
      ...{ capability: one.capability, handler: one.handler },
      ...(one.by !== undefined && { by: one.by }),
      ...(one.reason !== undefined && { reason: one.reason }),
      ...(one.since !== undefined && { since: one.since }),
      ...(one.until !== undefined && { until: one.until }),
    }));
