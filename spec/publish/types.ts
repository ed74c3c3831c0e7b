import { lifePredicates } from "../event/task.ts";
import { eventType } from "../event/type.ts";
import type { Language } from "./gather.ts";

/** Every event type of ours, so that a door can tell a misspelt one from one that is not for everybody. */
export const typesOf = ({ capabilities, facts }: Language): string[] =>
  [
    ...capabilities.flatMap(({ name, version }) =>
      lifePredicates.map((predicate) => eventType(name, predicate, version)),
    ),
    ...facts.map(({ type }) => type),
  ].sort();
