import { handlerLost, handlerRegistered, type HandlerDescription } from "@jackfield/spec/facts/handler";
import { factId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { canonicalJson } from "@jackfield/spec/event/canonical";
import { skipAsks } from "./skip-asks.ts";
import { freeEvent } from "./own-event.ts";
import type { Change, Entry, KnownHandler, State } from "./state.ts";

/** Global handlers and those of a project are different ones, also under one name. */
export const handlerKey = (project: string | null, handler: string): string => `${project ?? "*"}/${handler}`;

/** The handler that a project means by a name: its own, else the global one. */
export const findHandler = (
  state: Pick<State, "handlers">,
  project: string,
  handler: string,
): KnownHandler | undefined =>
  state.handlers.get(handlerKey(project, handler)) ?? state.handlers.get(handlerKey(null, handler));

/** Handlers that a project can use for a capability, also lost ones. */
export function handlersFor(
  state: Pick<State, "handlers">,
  project: string | undefined,
  capability: string,
): KnownHandler[] {
  return [...state.handlers.values()].filter(
    ({ description }) =>
      Object.hasOwn(description.contracts, capability) &&
      (description.project === null || description.project === project),
  );
}

/** The highest version of a contract that both know, or undefined. Ours is undefined when we publish no contract. */
export function commonContract(
  description: HandlerDescription,
  capability: string,
  ours: string | undefined,
): string | undefined {
  const range = description.contracts[capability];
  if (range === undefined || ours === undefined) return range?.to;
  if (range.to >= ours) return range.from <= ours ? ours : undefined;
  return sameMajor(range.to, ours) ? range.to : undefined;
}

const sameMajor = (a: string, b: string): boolean => a.split(".")[0] === b.split(".")[0];

export function foldRegistered(state: State, { event }: Entry): Change[] {
  const said = handlerRegistered.data.safeParse(event.data);
  if (!said.success) return [];
  const key = handlerKey(said.data.project, said.data.handler);
  const changes = (state.handlers.get(key)?.changes ?? 0) + 1;
  // The number in the id tells a fact that comes again from the next one.
  if (event.id !== factId(key, changes, "registered")) return [];
  return [
    {
      table: "handlers",
      key,
      row: { key, description: said.data, lost: false, changes, since: event.time },
    },
  ];
}

export function foldLost(state: State, { event }: Entry): Change[] {
  const said = handlerLost.data.safeParse(event.data);
  const known = said.success
    ? state.handlers.get(handlerKey(said.data.project, said.data.handler))
    : undefined;
  if (known === undefined || event.id !== factId(known.key, known.changes + 1, "lost")) return [];
  const row = { ...known, lost: true, changes: known.changes + 1, since: event.time };
  const spared = skipAsks(
    state,
    event.id,
    ({ role, handler, head }) =>
      role === "shadow" && findHandler(state, head.scope.project, handler)?.key === known.key,
  );
  return [{ table: "handlers", key: known.key, row }, ...spared];
}

/** What a handler says of itself → the fact, or undefined when the stream knows it already. */
export function registration(
  state: Pick<State, "handlers">,
  description: HandlerDescription,
  now: string,
): CloudEvent | undefined {
  const key = handlerKey(description.project, description.handler);
  const known = state.handlers.get(key);
  const same =
    known !== undefined && !known.lost && canonicalJson(known.description) === canonicalJson(description);
  if (same) return undefined;
  return freeEvent(scopeOfHandler(description), {
    type: handlerRegistered.type,
    id: factId(key, (known?.changes ?? 0) + 1, "registered"),
    subject: description.handler,
    now,
    data: description,
  });
}

export const lossOf = (known: KnownHandler, silentSeconds: number, now: string): CloudEvent =>
  freeEvent(scopeOfHandler(known.description), {
    type: handlerLost.type,
    id: factId(known.key, known.changes + 1, "lost"),
    subject: known.description.handler,
    now,
    data: { handler: known.description.handler, project: known.description.project, silentSeconds },
  });

const scopeOfHandler = ({ project }: HandlerDescription): { project?: string } =>
  project === null ? {} : { project };
