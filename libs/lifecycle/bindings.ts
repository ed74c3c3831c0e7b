import { bindingChanged } from "@jackfield/spec/facts/binding";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { factId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { freeEvent } from "./own-event.ts";
import { handlersFor } from "./handlers.ts";
import type { Catalogue } from "./facts.ts";
import type { Binding, Change, Entry, Lead, State } from "./state.ts";

/** Where a lead is plugged: an organization, a project of it, or a subproject of that. */
export interface BindingScope {
  organization?: string | undefined;
  project?: string | undefined;
  subproject?: string | undefined;
}

/** Who answers, who listens in, and where the first was said: `default`, `jackfield.yaml`, or the scope of an override. */
export interface Bound {
  handler: string;
  shadows: string[];
  from: string;
  by?: string;
  reason?: string;
  since?: string;
  until?: string;
}

export const bindingKey = (scope: BindingScope, capability: string): string =>
  [scope.organization ?? defaultOrganization, scope.project ?? "", scope.subproject ?? "", capability].join(
    "/",
  );

export const printScope = ({ organization, project, subproject }: BindingScope): string => {
  if (project === undefined) return `organization:${organization ?? defaultOrganization}`;
  return subproject === undefined ? project : `${project}/${subproject}`;
};

type Known = Pick<State, "bindings" | "projects" | "handlers" | "capabilities">;
type ProjectScope = BindingScope & { project: string };

/**
 * The handler of a capability in a scope: the narrowest wins (subproject, project, organization), in one scope an
 * override before the project file, and at last the default. Shadows are looked for in the same order, by themselves.
 */
export function boundTo(state: Known, scope: ProjectScope, capability: string, catalogue: Catalogue): Bound {
  const said = leadsFor(state, scope, capability);
  const lead = said.find(({ handler }) => handler !== null);
  const handler = lead?.handler ?? defaultHandler(state, scope.project, capability, catalogue);
  const { from = "default", by, reason, since, until } = lead ?? {};
  const listening = said.find(({ shadows }) => shadows !== null)?.shadows ?? [];
  const shadows = listening.filter((name) => name !== handler);
  return {
    ...{ handler, shadows, from },
    ...(by !== undefined && { by }),
    ...(reason !== undefined && { reason }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

type Said = Lead & Pick<Partial<Binding>, "by" | "reason" | "since"> & { from: string };

/** What was said for a capability, the narrowest scope first. */
function leadsFor(state: Known, scope: ProjectScope, capability: string): Said[] {
  const { organization, project, subproject } = scope;
  const override = (at: BindingScope): Said[] => {
    const binding = state.bindings.get(bindingKey({ organization, ...at }, capability));
    return binding === undefined ? [] : [{ ...binding, from: printScope({ organization, ...at }) }];
  };
  const { to = null, shadows = [] } = state.projects.get(project)?.applied.bind[capability] ?? {};
  const inFile = { handler: to, shadows: shadows.length > 0 ? shadows : null, from: "jackfield.yaml" };
  return [
    ...(subproject === undefined ? [] : override({ project, subproject })),
    ...override({ project }),
    inFile,
    ...override({}),
  ];
}

/** Built-in handlers are named like their capability; a `train:` line is run by `command`. A capability of others is answered by the only one who can. */
function defaultHandler(
  state: Pick<State, "handlers" | "capabilities">,
  project: string,
  capability: string,
  catalogue: Catalogue,
): string {
  if (capability === "train") return "command";
  const builtIn = catalogue.has(capability) && state.capabilities.get(capability) === undefined;
  if (builtIn) return capability;
  const [only, ...others] = handlersFor(state, project, capability);
  return only !== undefined && others.length === 0 ? only.description.handler : capability;
}

export function foldBinding(state: State, { event }: Entry): Change[] {
  const said = bindingChanged.data.safeParse(event.data);
  if (!said.success) return [];
  const { capability, handler, shadows, version, undo, by, reason, until } = said.data;
  const scope = { organization: event.organization, project: event.project, subproject: event.subproject };
  const key = bindingKey(scope, capability);
  const before = state.bindings.get(key);
  if (before !== undefined && before.version >= version) return [];
  const earlier = before?.earlier ?? [];
  const row: Binding = {
    key,
    organization: scope.organization ?? defaultOrganization,
    project: scope.project,
    subproject: scope.subproject,
    capability,
    handler,
    shadows,
    earlier: undo ? earlier.slice(0, -1) : [...earlier, leadOf(before)],
    version,
    by,
    since: event.time,
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until }),
  };
  return [{ table: "bindings", key, row }];
}

const leadOf = (binding: Binding | undefined): Lead => ({
  handler: binding?.handler ?? null,
  shadows: binding?.shadows ?? null,
  ...(binding?.until !== undefined && { until: binding.until }),
});

interface Rebinding extends BindingScope {
  capability: string;
  handler: string | null;
  undo: boolean;
  /** All shadows of this scope from now on; left out, they stay as they are. */
  shadows?: string[];
  /** When it ends by itself. */
  until?: string | undefined;
  by?: string | undefined;
  reason?: string | undefined;
}

/**
 * The fact that moves a lead, or says who shadows it. A `null` handler takes the override away, shadows and all. With
 * `undo` it is as it was before; nothing before is null.
 */
export function rebind(state: Pick<State, "bindings">, asked: Rebinding, now: string): CloudEvent {
  const { capability, undo, by, reason, organization = defaultOrganization, project, subproject } = asked;
  const scope = {
    organization,
    ...(project !== undefined && { project }),
    ...(subproject !== undefined && { subproject }),
  };
  const key = bindingKey(scope, capability);
  const before = state.bindings.get(key);
  const version = (before?.version ?? 0) + 1;
  return freeEvent(scope, {
    type: bindingChanged.type,
    id: factId(key, version, "changed"),
    subject: capability,
    now,
    data: {
      capability,
      ...leadAfter(before, asked),
      previous: before?.handler ?? null,
      version,
      undo,
      ...(by !== undefined && { by }),
      ...(reason !== undefined && { reason }),
    },
  });
}

function leadAfter(before: Binding | undefined, { undo, handler, shadows, until }: Rebinding): Lead {
  if (undo) return before?.earlier.at(-1) ?? leadOf(undefined);
  const { until: _ends, ...lead } = leadOf(before);
  const stands = { ...lead, ...(until !== undefined && { until }) };
  if (shadows !== undefined) return { ...stands, shadows };
  return handler === null ? leadOf(undefined) : { ...stands, handler };
}

/** Overrides whose time is over: each goes back to what stood before it. */
export const endedBindings = ({ bindings }: Pick<State, "bindings">, now: string): CloudEvent[] =>
  [...bindings.values()].flatMap((binding) => {
    const { organization, project, subproject, capability, until } = binding;
    if (until === undefined || !(Date.parse(until) <= Date.parse(now))) return [];
    const asked = { organization, project, subproject, capability, handler: null, undo: true };
    return [rebind({ bindings }, { ...asked, reason: `it was said until ${until}` }, now)];
  });
