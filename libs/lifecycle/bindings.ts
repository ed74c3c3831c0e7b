import { bindingChanged } from "@jackfield/spec/facts/binding";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { factId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { freeEvent } from "./own-event.ts";
import { handlersFor } from "./handlers.ts";
import type { Catalogue } from "./facts.ts";
import type { Binding, Change, Entry, State } from "./state.ts";

/** Where a lead is plugged: an organization, a project of it, or a subproject of that. */
export interface BindingScope {
  organization?: string | undefined;
  project?: string | undefined;
  subproject?: string | undefined;
}

/** Who answers, and where that was said: `default`, `jackfield.yaml`, or the scope of an override. */
export interface Bound {
  handler: string;
  from: string;
  by?: string;
  since?: string;
}

export const bindingKey = (scope: BindingScope, capability: string): string =>
  [scope.organization ?? defaultOrganization, scope.project ?? "", scope.subproject ?? "", capability].join(
    "/",
  );

export const printScope = ({ organization, project, subproject }: BindingScope): string => {
  if (project === undefined) return `organization ${organization ?? defaultOrganization}`;
  return subproject === undefined ? project : `${project}/${subproject}`;
};

/**
 * The handler of a capability in a scope: the narrowest wins (subproject, project, organization), in one scope an
 * override before the project file, and at last the default.
 */
export function boundTo(
  state: Pick<State, "bindings" | "projects" | "handlers">,
  scope: BindingScope & { project: string },
  capability: string,
  catalogue: Catalogue,
): Bound {
  const { organization, project, subproject } = scope;
  const applied = state.projects.get(project)?.applied;
  const override = (at: BindingScope): Bound | undefined =>
    overrideAt(state.bindings.get(bindingKey({ organization, ...at }, capability)), at);
  const inFile = applied?.bind[capability]?.to;
  return (
    (subproject === undefined ? undefined : override({ project, subproject })) ??
    override({ project }) ??
    (inFile === undefined ? undefined : { handler: inFile, from: "jackfield.yaml" }) ??
    override({}) ?? { handler: defaultHandler(state, project, capability, catalogue), from: "default" }
  );
}

function overrideAt(binding: Binding | undefined, at: BindingScope): Bound | undefined {
  if (binding?.handler === undefined || binding.handler === null) return undefined;
  return {
    handler: binding.handler,
    from: printScope({ organization: binding.organization, ...at }),
    ...(binding.by !== undefined && { by: binding.by }),
    ...(binding.since !== undefined && { since: binding.since }),
  };
}

/** Built-in handlers are named like their capability; a `train:` line is run by `command`. A capability of others is answered by the only one who can. */
function defaultHandler(
  state: Pick<State, "handlers">,
  project: string,
  capability: string,
  catalogue: Catalogue,
): string {
  if (capability === "train") return "command";
  if (catalogue.has(capability)) return capability;
  const [only, ...others] = handlersFor(state, project, capability);
  return only !== undefined && others.length === 0 ? only.description.handler : capability;
}

export function foldBinding(state: State, { event }: Entry): Change[] {
  const said = bindingChanged.data.safeParse(event.data);
  if (!said.success) return [];
  const { capability, handler, version, undo, by } = said.data;
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
    earlier: undo ? earlier.slice(0, -1) : [...earlier, before?.handler ?? null],
    version,
    by,
    since: event.time,
  };
  return [{ table: "bindings", key, row }];
}

interface Rebinding extends BindingScope {
  capability: string;
  handler: string | null;
  undo: boolean;
  by?: string | undefined;
  reason?: string | undefined;
}

/** The fact that moves a lead. With `undo` the handler is the one that stood there before; nothing before is null. */
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
      handler: undo ? (before?.earlier.at(-1) ?? null) : asked.handler,
      previous: before?.handler ?? null,
      version,
      undo,
      ...(by !== undefined && { by }),
      ...(reason !== undefined && { reason }),
    },
  });
}
