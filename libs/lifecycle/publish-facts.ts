import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Publication } from "@jackfield/spec/event/contract";
import { eventKey, factId } from "@jackfield/spec/event/ids";
import { goesOn } from "@jackfield/spec/event/outcome";
import { longType, parseType } from "@jackfield/spec/event/type";
import { valueAt } from "./json-pointer.ts";
import { ownCause, runEvent } from "./own-event.ts";
import { samePlace } from "./same-place.ts";
import type { Catalogue } from "./facts.ts";
import type { RunHead } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import type { DoneTask } from "./tasks.ts";

/**
 * What follows from a counted answer, as the capability's contract says under `publishes`, each fact once: however many
 * runs meet a data version, and however many tasks of a run leave the same model.
 */
export function decideFacts(state: State, entry: Entry, catalogue: Catalogue, now: string): CloudEvent[] {
  const { event } = entry;
  // Only an answer can have been counted; the subject of anything else is no task, and would be looked up in vain.
  const task =
    event.triggeredid === undefined || event.subject === undefined
      ? undefined
      : state.tasks.get(event.subject);
  if (task?.status !== "done" || !goesOn(task.outcome) || !samePlace(task.position, entry.position))
    return [];
  const run = state.runs.get(task.run);
  const publishes = catalogue.get(task.capability)?.publishes ?? [];
  if (run === undefined) return [];
  return publishes.flatMap((publication) => {
    const fact = factFrom(publication, run, task, now);
    if (fact === undefined) return [];
    return state.facts.get(eventKey(fact)) === undefined ? [fact] : [];
  });
}

function factFrom(
  { fact, resource, version, data }: Publication,
  run: RunHead,
  task: DoneTask,
  now: string,
): CloudEvent | undefined {
  const outputs = task.outputs[task.handler] ?? {};
  const about = resource === "/run" ? run.id : valueAt(outputs, resource);
  const which = valueAt(outputs, version);
  // An answer that lacks what the fact is about has nothing to publish.
  if (typeof about !== "string" || (typeof which !== "string" && typeof which !== "number")) return undefined;
  const type = longType(fact);
  const fields = Object.entries(data)
    .map(([field, pointer]): [string, unknown] => [field, valueAt(outputs, pointer)])
    .filter(([, value]) => value !== undefined);
  return runEvent(run, ownCause(task.finishedid), {
    type,
    id: factId(about, which, parseType(type)?.predicate ?? "published"),
    subject: about,
    now,
    data: { ...Object.fromEntries(fields), task: task.id },
  });
}

/** Remembers facts, so that they are not said again with another task's name. */
export function foldPublished(state: State, { event }: Entry): Change[] {
  const predicate = parseType(event.type)?.predicate;
  if (predicate !== "published" || event.run === undefined) return [];
  const key = eventKey(event);
  return state.facts.get(key) === undefined ? [{ table: "facts", key, row: { event: event.id } }] : [];
}
