import { firstRefusal, matches, parseFilter, type Filter } from "@jackfield/cesql/filter";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runId } from "@jackfield/spec/event/ids";
import { parseType } from "@jackfield/spec/event/type";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { defaultLifecycle } from "@jackfield/spec/project/workflow";
import { isOwn } from "./facts.ts";
import { endsTask } from "./fold-asks.ts";
import { joinedBy } from "./foreach.ts";
import { openAttempt } from "./open-attempt.ts";
import type { RunScope } from "./runs.ts";
import type { Entry, Project, State } from "./state.ts";

/** A run that an event asks for. */
export interface Wanted {
  run: string;
  workflow: string;
  trigger: string;
  scope: RunScope;
}

/** What an event starts, and which triggers say no by which clause. */
export interface Reaction {
  wanted: Wanted[];
  refused: { trigger: string; clause: string }[];
}

/** The workflow of a run that is one task by itself. */
export const taskWorkflow = "task";

// The words of `on:`; anything else there is a filter.
const words: Record<string, string> = {
  code: "code.changed",
  data: "data.changed",
  drift: "drift.detected",
};

/** Which runs does this event ask for? The same event asks for the same runs, whenever it is read. */
export function reactionTo(state: State, event: CloudEvent): Reaction {
  const { project } = event;
  const tooLong = namesTooLong(event);
  if (tooLong !== undefined) return refuse("events", tooLong);
  const type = parseType(event.type);
  const direct = type?.predicate === "requested" ? type.subject : undefined;
  if (project === undefined) {
    return refuse(direct === undefined ? "projects" : `${direct}.requested`, "the event names no project");
  }
  if (direct === "run") return requestedRuns(state, event, project);
  const applied = state.projects.get(project);
  if (direct !== undefined) return { wanted: [wantedTask(event, project, applied)], refused: [] };
  if (applied === undefined) return refuse(`project ${project}`, "no project file was applied");
  return triggered(event, applied);
}

const refuse = (trigger: string, clause: string): Reaction => ({
  wanted: [],
  refused: [{ trigger, clause }],
});

/** Whatever follows from an event names it as its cause; names that fill an event leave no room for what is to be said. */
const mostNames = 4_096;
function namesTooLong({ id, source, correlationid = "", traceparent = "" }: CloudEvent): string | undefined {
  const bytes = [id, source, correlationid, traceparent].reduce(
    (sum, name) => sum + Buffer.byteLength(name),
    0,
  );
  return bytes <= mostNames
    ? undefined
    : `its id, source, correlation id and trace have ${bytes} bytes; at most ${mostNames} can be named in what follows`;
}

/** A project belongs to one organization, whatever an event fills in. */
const scopeIn = (event: CloudEvent, project: string, known: Project | undefined): RunScope => ({
  organization: known?.applied.organization ?? event.organization ?? defaultOrganization,
  project,
  ...(event.stage !== undefined && { stage: event.stage }),
});

function wanted(event: CloudEvent, scope: RunScope, workflow: string, trigger: string): Wanted {
  const { project, subproject, stage } = scope;
  const { source, type, id } = event;
  return { run: runId({ project, subproject, stage, workflow, source, type, id }), workflow, trigger, scope };
}

/** `run.requested`: the subproject it names, else every subproject; one that does not exist is refused later, by name. */
function requestedRuns(state: State, event: CloudEvent, project: string): Reaction {
  const known = state.projects.get(project);
  const scope = scopeIn(event, project, known);
  const workflow = textIn(event.data, "workflow") ?? defaultLifecycle.name;
  const oneOnly = event.subproject !== undefined || known === undefined || textIn(event.data, "retryof");
  const names = oneOnly ? [event.subproject] : Object.keys(known.applied.subprojects);
  if (names.length === 0) return refuse("run.requested", `project ${project} has no subproject`);
  return {
    wanted: names.map((name) =>
      wanted(event, name === undefined ? scope : { ...scope, subproject: name }, workflow, "run.requested"),
    ),
    refused: [],
  };
}

function textIn(data: unknown, field: string): string | undefined {
  const value =
    typeof data === "object" && data !== null ? Object.entries(data).find(([name]) => name === field) : [];
  return typeof value?.[1] === "string" ? value[1] : undefined;
}

/** `<capability>.requested`: a run with this one task. */
function wantedTask(event: CloudEvent, project: string, known: Project | undefined): Wanted {
  const scope = scopeIn(event, project, known);
  const { subproject } = event;
  const own = subproject === undefined ? scope : { ...scope, subproject };
  return wanted(event, own, taskWorkflow, `${parseType(event.type)?.subject ?? ""}.requested`);
}

/** `on:` of every workflow: each for every subproject that the event may mean. */
function triggered(event: CloudEvent, project: Project): Reaction {
  const reactions = Object.entries(project.applied.workflows).map(([workflow, { on }]) =>
    startedBy(on, workflow, event, project),
  );
  return {
    wanted: reactions.flatMap((reaction) => reaction.wanted),
    refused: reactions.flatMap((reaction) => reaction.refused),
  };
}

function startedBy(on: string[], workflow: string, event: CloudEvent, project: Project): Reaction {
  const reaction: Reaction = { wanted: [], refused: [] };
  const { applied } = project;
  const scope = scopeIn(event, applied.project, project);
  const place = workflow === defaultLifecycle.name ? applied.project : `${applied.project} ${workflow}`;
  for (const trigger of on) {
    const name = `${place} on ${trigger}`;
    const clause = refusalOf(words[trigger] ?? trigger, event);
    if (clause !== undefined) reaction.refused.push({ trigger: name, clause });
    else if (event.subproject !== undefined && applied.subprojects[event.subproject] === undefined)
      reaction.refused.push({ trigger: name, clause: `there is no subproject ${event.subproject}` });
    else {
      const names = event.subproject === undefined ? Object.keys(applied.subprojects) : [event.subproject];
      const runs = names.map((subproject) => wanted(event, { ...scope, subproject }, workflow, name));
      // Two triggers that match one event still make one run.
      reaction.wanted.push(...runs.filter(({ run }) => !reaction.wanted.some((other) => other.run === run)));
    }
  }
  return reaction;
}

/** The first clause of a trigger that says no to the event; undefined when it fires. */
function refusalOf(text: string, event: CloudEvent): string | undefined {
  const filter = filterOf(text);
  if (filter instanceof Problem) return `this trigger is not understood: ${filter.why ?? filter.message}`;
  if (!filter.every((clauses) => clauses.every(({ kind }) => kind === "type")))
    return ask(filter, text, event);
  const known = byType(text);
  if (!known.has(event.type)) known.set(event.type, ask(filter, text, event));
  return known.get(event.type);
}

const ask = (filter: Filter, text: string, event: CloudEvent): string | undefined =>
  matches(filter, event) ? undefined : (firstRefusal(filter, event) ?? text);

// Parsing is pure, and most triggers look at the type alone: the same few questions meet every event.
const mostKnown = 10_000;
const parsed = new Map<string, Filter | Problem>();
const answers = new Map<string, Map<string, string | undefined>>();

function filterOf(text: string): Filter | Problem {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const filter = tryParse(text);
  if (parsed.size > mostKnown) parsed.clear();
  parsed.set(text, filter);
  return filter;
}

function byType(text: string): Map<string, string | undefined> {
  const known = answers.get(text);
  if (known !== undefined && known.size < mostKnown) return known;
  if (answers.size > mostKnown) answers.clear();
  const fresh = new Map<string, string | undefined>();
  answers.set(text, fresh);
  return fresh;
}

function tryParse(text: string): Filter | Problem {
  try {
    return parseFilter(text);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/**
 * May this event trigger at all? A `finished` is a claim until it is counted, so a late one starts nothing.
 * Asked before the event is folded.
 */
export function mayTrigger(state: State, entry: Entry): boolean {
  const { event } = entry;
  return (
    event.triggeredid === undefined ||
    parseType(event.type)?.predicate !== "finished" ||
    openAttempt(state, event) !== undefined ||
    (isOwn(event) && joinedBy(state, event) !== undefined) ||
    endsTask(state, entry)
  );
}
