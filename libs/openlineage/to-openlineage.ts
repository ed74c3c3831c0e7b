import { z } from "zod";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { partsOfTask } from "@jackfield/spec/event/ids";
import { outcomeOf, type Outcome } from "@jackfield/spec/event/outcome";
import { finishedData, triggeredData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import { runFinished, runStarted } from "@jackfield/spec/facts/run";
import { asInput, asOutput, datasetsIn, sourceOf } from "./datasets.ts";
import { facet, producer, runEventSchema, type Facet, type RunEvent } from "./run-event.ts";
import { uuidOf } from "./run-uuid.ts";

/** An event and when the stream took it, which stands in where the event says no time. */
export interface Logged {
  event: CloudEvent;
  at: string;
}

type Part = Pick<RunEvent, "eventType" | "inputs" | "outputs"> & { facets?: Record<string, Facet> };

/**
 * An event of ours as OpenLineage RunEvents. A run is an OpenLineage run, each attempt of a task one below it: it starts
 * when it is triggered, since only then its inputs are said. Everything else has no OpenLineage form.
 */
export function toOpenlineage({ event, at }: Logged): RunEvent[] {
  const own = parseType(event.type);
  if (own === undefined || event.run === undefined || event.project === undefined) return [];
  const part = (own.subject === "run" ? runs : tasks)[own.predicate]?.(event);
  if (part === undefined) return [];
  const { facets = {}, ...said } = part;
  const isRun = own.subject === "run";
  return [
    {
      eventTime: event.time ?? at,
      producer,
      schemaURL: runEventSchema,
      run: {
        runId: uuidOf(isRun ? event.run : attemptOf(event)),
        facets: { ...(!isRun && { parent: parentOf(event, event.run) }), ...facets },
      },
      job: jobOf(event, isRun ? undefined : partsOfTask(event.subject ?? "").step),
      ...said,
    },
  ];
}

/** One attempt of one handler: its `triggered`. */
const attemptOf = ({ triggeredid, id }: CloudEvent): string => triggeredid ?? id;

/** `weather/seattle`, and below it the step; items of a foreach are one job. */
function jobOf(event: CloudEvent, step?: string): RunEvent["job"] {
  const { organization = "default", project, subproject } = event;
  const name = [project, subproject].filter((part) => part !== undefined).join("/");
  const jobType = { processingType: "BATCH", integration: "JACKFIELD", jobType: step ? "TASK" : "DAG" };
  return {
    namespace: `jackfield:${organization}`,
    name: step === undefined ? name : `${name}.${step.replaceAll(/\/@\d+/g, "")}`,
    facets: { jobType: facet("JobTypeJobFacet", "2-0-4", jobType) },
  };
}

function parentOf(event: CloudEvent, run: string): Facet {
  const { namespace, name } = jobOf(event);
  return facet("ParentRunFacet", "1-2-0", { run: { runId: uuidOf(run) }, job: { namespace, name } });
}

type Reading = (event: CloudEvent) => Part | undefined;

const runs: Readonly<Record<string, Reading>> = {
  started: ({ data }) => {
    const read = runStarted.data.safeParse(data);
    if (!read.success) return undefined;
    const { runname, seed, runconfiguration } = read.data;
    return { eventType: "START", facets: parametersOf({ runname, seed, runconfiguration }) };
  },
  finished: ({ data }) => {
    const read = runFinished.data.safeParse(data);
    if (!read.success) return undefined;
    const { outcome, because } = read.data;
    return ended(outcome, because?.message ?? because?.problem?.what);
  },
};

const fetchInputs = z.looseObject({ source: z.looseObject({ from: z.string() }) });

const tasks: Readonly<Record<string, Reading>> = {
  triggered: ({ data, handler }) => {
    const read = triggeredData.safeParse(data);
    if (!read.success) return undefined;
    const { inputs, handlerversion } = read.data;
    const { params, seed } = inputs;
    const source = fetchInputs.safeParse(inputs);
    return {
      eventType: "START",
      inputs: [
        ...(source.success ? [sourceOf(source.data.source.from)] : []),
        ...datasetsIn(inputs).map(asInput),
      ],
      facets: parametersOf({ ...asRecord(params), seed, handler, handlerversion }),
    };
  },
  started: () => ({ eventType: "RUNNING" }),
  progressed: () => ({ eventType: "RUNNING" }),
  finished: ({ triggeredid, status, result, data }) => {
    const read = finishedData.safeParse(data);
    // An answer that names no `triggered` belongs to no attempt.
    if (!read.success || status === undefined || triggeredid === undefined) return undefined;
    const { outputs, message, problem } = read.data;
    return {
      ...ended(outcomeOf(status, result), problem?.what ?? message),
      outputs: datasetsIn(outputs).map(asOutput),
    };
  },
};

const eventTypes: Record<Outcome, RunEvent["eventType"]> = {
  pass: "COMPLETE",
  warning: "COMPLETE",
  fail: "FAIL",
  errored: "FAIL",
  timedout: "FAIL",
  aborted: "ABORT",
};

function ended(outcome: Outcome, message: string | undefined): Part {
  const eventType = eventTypes[outcome];
  if (eventType === "COMPLETE") return { eventType };
  // The language is asked for, and the message is a sentence of ours.
  const said = { message: message ?? outcome, programmingLanguage: "none" };
  return { eventType, facets: { errorMessage: facet("ErrorMessageRunFacet", "1-0-1", said) } };
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};

/** Names and values, as text. */
function parametersOf(values: Record<string, unknown>): Record<string, Facet> {
  const parameters = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value: typeof value === "string" ? value : JSON.stringify(value) }));
  return { executionParameters: facet("ExecutionParametersRunFacet", "1-0-0", { parameters }) };
}
