import { parseType } from "@jackfield/spec/event/type";
import { foldApplied } from "./config-applied.ts";
import { foldBinding } from "./bindings.ts";
import { catalogueIn, foldCapability } from "./capabilities.ts";
import { foldAskFinished, foldAskTriggered } from "./fold-asks.ts";
import { foldLost, foldRegistered } from "./handlers.ts";
import { foldPublished } from "./publish-facts.ts";
import { foldRequests } from "./run-requested.ts";
import { foldRefused, foldStarted } from "./run-started.ts";
import { foldRunFinished } from "./run-finished.ts";
import { foldSteered } from "./steer-run.ts";
import { foldFinished } from "./task-finished.ts";
import { foldTaskStarted, foldTriggered } from "./task-triggered.ts";
import { isOfProjects, isOwn, type Catalogue } from "./facts.ts";
import type { Change, Entry, State } from "./state.ts";

type Fold = (state: State, entry: Entry) => Change[];

/** What the conductor said itself; it counts only now that it is read back. */
const ownFacts: Record<string, Fold> = {
  "binding.changed": foldBinding,
  "capability.published": foldCapability,
  "handler.registered": foldRegistered,
  "handler.lost": foldLost,
  "run.started": foldStarted,
  "run.refused": foldRefused,
  "run.finished": foldRunFinished,
  "run.paused": (state, entry) => foldSteered(state, entry, "paused"),
  "run.resumed": (state, entry) => foldSteered(state, entry, "resumed"),
  "run.aborted": (state, entry) => foldSteered(state, entry, "aborted"),
};

/**
 * One event of the stream → the rows that it makes or replaces. A fold of the stream alone: no clock, and nothing that
 * was decided but not yet read. Whatever comes twice, late or unasked changes nothing.
 * @throws NotLoaded when a row is needed that the shell does not hold; the step is then repeated.
 */
export const evolve = (state: State, entry: Entry, builtIn: Catalogue): Change[] => [
  ...foldOf(entry)(state, entry),
  ...foldRequests(state, entry, catalogueIn(state, builtIn)),
];

const nothing: Fold = () => [];

function foldOf({ event }: Entry): Fold {
  const type = parseType(event.type);
  if (type === undefined) return nothing;
  const name = `${type.subject}.${type.predicate}`;
  if (name === "config.applied") return isOfProjects(event) ? foldApplied : nothing;
  if (isOwn(event)) {
    const fact = ownFacts[name];
    if (fact !== undefined) return fact;
    if (type.predicate === "triggered") return event.role === "shadow" ? foldAskTriggered : foldTriggered;
    if (type.predicate === "published") return foldPublished;
  }
  if (event.triggeredid === undefined) return nothing;
  if (type.predicate === "started") return foldTaskStarted;
  return type.predicate === "finished" ? foldAnswer : nothing;
}

/** It answers a task, or what one of several handlers was asked. */
function foldAnswer(state: State, entry: Entry): Change[] {
  const ofTask = foldFinished(state, entry);
  return ofTask.length > 0 ? ofTask : foldAskFinished(state, entry);
}
