import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { factId } from "@jackfield/spec/event/ids";
import { attributesOf, type Outcome } from "@jackfield/spec/event/outcome";
import { finishedData, progressedData, triggeredData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import { runFinished, runStarted } from "@jackfield/spec/facts/run";
import { printKeptnType, type KeptnType } from "./keptn-type.ts";

/** An event and when the stream took it, which stands in where the event says no time. */
export interface Logged {
  event: CloudEvent;
  at: string;
}

/** Keptn has no work without a stage; ours that has none is said to be here. */
export const noStage = "default";

/** What is said beside the scope: Keptn's words for it, and the part that is named like the task. */
interface Said {
  type: KeptnType;
  triggeredid?: string | undefined;
  verdict?: { status: string; result: string; message: string };
  content?: unknown;
}

type Reading = (event: CloudEvent, subject: string) => Said | undefined;

/**
 * An event of ours as Keptn v1 events: the life of a task, and a run as a sequence; anything else, and what a shadow says,
 * has no Keptn form. A foreign event of Keptn's stays as it came.
 */
export function toKeptn({ event, at }: Logged): CloudEvent[] {
  const own = parseType(event.type);
  if (own === undefined) return event.type.startsWith("sh.keptn.event.") ? [event] : [];
  const reading = own.subject === "run" ? runs[own.predicate] : tasks[own.predicate];
  const said = event.role === "shadow" ? undefined : reading?.(event, own.subject);
  const type = said === undefined ? undefined : printKeptnType(said.type);
  if (said === undefined || type === undefined || event.project === undefined) return [];
  return [
    {
      specversion: "1.0",
      id: event.id,
      source: event.source,
      type,
      time: event.time ?? at,
      datacontenttype: "application/json",
      shkeptncontext: event.correlationid ?? event.id,
      shkeptnspecversion: "0.2.4",
      ...(said.triggeredid !== undefined && { triggeredid: said.triggeredid }),
      data: dataOf(event, said),
    },
  ];
}

function dataOf(event: CloudEvent, { type, verdict, content }: Said): object {
  const { project, stage = noStage, subproject = project, runname, handler } = event;
  const name = type.kind === "task" ? type.task : type.sequence;
  return {
    project,
    stage,
    service: subproject,
    labels: { ...(runname !== undefined && { run: runname }), ...(handler !== undefined && { handler }) },
    ...verdict,
    ...(content !== undefined && { [name]: content }),
  };
}

const task = (name: string, phase: "triggered" | "started" | "status.changed" | "finished"): KeptnType => ({
  kind: "task",
  task: name,
  phase,
});

const tasks: Readonly<Record<string, Reading>> = {
  triggered: (event, name) => {
    const read = triggeredData.safeParse(event.data);
    return read.success ? { type: task(name, "triggered"), content: read.data.inputs } : undefined;
  },
  started: ({ triggeredid }, name) =>
    triggeredid === undefined ? undefined : { type: task(name, "started"), triggeredid },
  progressed: ({ triggeredid, data }, name) => {
    const read = progressedData.safeParse(data);
    if (!read.success || triggeredid === undefined) return undefined;
    const { message = "", ...content } = read.data;
    return { type: task(name, "status.changed"), triggeredid, verdict: verdictOf("pass", message), content };
  },
  finished: ({ triggeredid, status, result, data }, name) => {
    const read = finishedData.safeParse(data);
    if (!read.success || status === undefined || triggeredid === undefined) return undefined;
    const { message, problem, outputs = {} } = read.data;
    const outcome = status === "succeeded" ? (result ?? "pass") : status;
    const verdict = verdictOf(outcome, message ?? problem?.what ?? "");
    return { type: task(name, "finished"), triggeredid, verdict, content: outputs };
  },
};

const sequence = (event: CloudEvent, phase: "triggered" | "finished"): KeptnType | undefined =>
  event.workflow === undefined
    ? undefined
    : { kind: "sequence", stage: event.stage ?? noStage, sequence: event.workflow, phase };

const runs: Readonly<Record<string, Reading>> = {
  started: (event) => {
    const type = sequence(event, "triggered");
    const known = runStarted.data.safeParse(event.data);
    return type && known.success ? { type, content: { seed: known.data.seed } } : undefined;
  },
  finished: (event) => {
    const type = sequence(event, "finished");
    const read = runFinished.data.safeParse(event.data);
    if (type === undefined || !read.success || event.run === undefined) return undefined;
    const { outcome, because, metrics } = read.data;
    return {
      type,
      triggeredid: factId(event.run, 1, "started"),
      verdict: verdictOf(outcome, because?.message ?? because?.problem?.what ?? ""),
      ...(metrics !== undefined && { content: { metrics } }),
    };
  },
};

/** Keptn knows succeeded, errored, aborted, and wants a result with each: what could not run has failed. */
function verdictOf(outcome: Outcome, message: string): NonNullable<Said["verdict"]> {
  const { status, result = "fail" } = attributesOf(outcome);
  return { status: status === "timedout" ? "errored" : status, result, message };
}
