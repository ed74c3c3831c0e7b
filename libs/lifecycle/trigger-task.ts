import { reportOf, type Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { partsOfTask, taskEventId, taskId } from "@jackfield/spec/event/ids";
import type { Limits, TriggeredData } from "@jackfield/spec/event/task";
import { eventType } from "@jackfield/spec/event/type";
import type { Step } from "@jackfield/spec/project/workflow";
import { cacheKey, type Answering } from "./cache-key.ts";
import { finishInPlace } from "./finish-in-place.ts";
import { valueAt } from "./json-pointer.ts";
import { ownCause, runEvent } from "./own-event.ts";
import type { Catalogue } from "./facts.ts";
import type { BegunRun, Pinned } from "./runs.ts";
import type { CacheEntry } from "./state.ts";
import type { Role } from "./asks.ts";
import type { ReadyTask, Task, TaskHead } from "./tasks.ts";

const day = 86_400;

/** What whoever operates this installation says instead of the usual limits. */
export type OwnLimits = Partial<Pick<Limits, "leaseSeconds" | "finishSeconds">>;

/** How long a task may take, and how often it is tried; a training may take a day. */
export const limitsOf = (pinned: Pinned, capability: string, own: OwnLimits = {}): Limits => ({
  startSeconds: 30,
  leaseSeconds: own.leaseSeconds ?? 60,
  finishSeconds: own.finishSeconds ?? (capability === "train" ? day : 3_600),
  attempts: pinned.configuration?.attempts[capability] ?? 3,
});

/** The tasks whose outputs the inputs of this one point into. */
export function sourcesOf(run: BegunRun, task: TaskHead): string[] {
  const steps = new Set(run.pinned.workflow.steps.map(({ name }) => name));
  const list = stepOf(run, task)?.foreach?.in;
  const pointers = [...Object.values(withOf(run, task)), ...(typeof list === "string" ? [list] : [])];
  const first = pointers.map((pointer) => pointer.split("/")[1] ?? "");
  return [...new Set(first)].filter((name) => steps.has(name)).map((name) => taskId(run.id, name));
}

export const stepOf = (run: BegunRun, { step }: Pick<TaskHead, "step">): Step | undefined =>
  run.pinned.workflow.steps.find(({ name }) => name === step);

const withOf = (run: BegunRun, task: TaskHead): Record<string, string> => stepOf(run, task)?.with ?? {};

/** An item of a foreach, for the pointers `/item` and `/index`. */
export interface Item {
  item: unknown;
  index: number;
}

/** Inputs by JSON Pointer into what is pinned and what was answered; a pointer that finds nothing leaves its field out. */
export function resolveInputs(
  run: BegunRun,
  task: ReadyTask,
  sources: readonly Task[],
  item?: Item,
): Record<string, unknown> {
  const document = { ...documentOf(run, sources), ...item };
  const fields = Object.entries(withOf(run, task))
    .map(([field, pointer]): [string, unknown] => [field, valueAt(document, pointer)])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields);
}

/** What pointers lead into: the configuration, the run, and the outputs of these tasks by step. */
export function documentOf(run: BegunRun, sources: readonly Task[]): Record<string, unknown> {
  const answers = sources.flatMap((source): [string, unknown][] =>
    source.status === "done" ? [[partsOfTask(source.id).step, source.outputs[source.handler]]] : [],
  );
  const { configuration, ...pinned } = run.pinned;
  return { ...Object.fromEntries(answers), configuration, run: { ...pinned, id: run.id, name: run.name } };
}

/** What the cache would be asked; undefined for work whose effect is outside, and for what is only compared. */
export const keyOf = (
  run: BegunRun,
  task: Askable,
  who: Answering,
  { inputs, catalogue }: { inputs: Record<string, unknown>; catalogue: Catalogue },
): string | undefined =>
  task.role === "shadow" || catalogue.get(task.capability)?.effects === "external"
    ? undefined
    : cacheKey({ project: run.scope.project, capability: task.capability }, who, inputs);

/** Is the cache asked for this task? A refresh reads its source again, whatever was kept. */
export const asksCache = ({ pinned }: BegunRun, { capability }: ReadyTask): boolean =>
  pinned.cache && !(pinned.refresh && capability === "fetch");

/** What is given out: a task, or what one of several handlers is asked. */
export type Askable = ReadyTask & { role?: Role; handler?: string };

interface Assignment {
  who: Answering;
  inputs: Record<string, unknown>;
  key: string | undefined;
  limits?: OwnLimits;
}

/** The decision: this task, this handler, these inputs. */
export const triggerTask = (
  run: BegunRun,
  task: Askable,
  assignment: Assignment,
  now: string,
): CloudEvent => ({
  ...triggeredEvent(run, task, assignment, { now, data: {} }),
  handler: assignment.who.handler,
});

/** A `triggered` that addresses nobody yet. */
export function triggeredEvent(
  run: BegunRun,
  task: Askable,
  { who, inputs, key, limits }: Assignment,
  { now, data }: { now: string; data: Partial<TriggeredData> },
): CloudEvent {
  const { handler, version, environment, contract } = who;
  const { role = "primary" } = task;
  const usual = limitsOf(run.pinned, task.capability, limits);
  const event = runEvent(run, ownCause(task.cause), {
    type: eventType(task.capability, "triggered", contract),
    id: taskEventId({ task: task.id, handler, attempt: task.attempt }, "triggered"),
    subject: task.id,
    now,
    data: {
      inputs,
      // What is only compared is not worth a second attempt.
      limits: role === "shadow" ? { ...usual, attempts: 1 } : usual,
      ...(key !== undefined && { cachekey: key }),
      handlerversion: version,
      ...(environment !== undefined && { environment }),
      ...data,
    },
  });
  return { ...event, role, attempt: task.attempt };
}

/** What the cache answers: `triggered` and `finished`, both from us, nobody is addressed. */
export function answerFromCache(
  run: BegunRun,
  task: Askable,
  assignment: Assignment & { entry: CacheEntry },
  now: string,
): CloudEvent[] {
  const { entry, who } = assignment;
  const data = {
    outputs: entry.outputs,
    ...(entry.message !== undefined && { message: entry.message }),
    ...(entry.logs.length > 0 && { logs: entry.logs }),
    cached: true,
    producedby: entry.run,
  };
  const triggered = triggeredEvent(run, task, assignment, { now, data: { cached: true } });
  const ending = { status: "succeeded" as const, result: entry.result, data };
  const attempt = { ...task, ...who, triggeredid: triggered.id };
  return [{ ...triggered, handler: who.handler }, finishInPlace(run, attempt, ending, now)];
}

/** A step that nobody can answer ends at once: `triggered` that addresses nobody, and `finished` with the reason. */
export function answerForNobody(
  run: BegunRun,
  task: Askable,
  { handler, contract, problem }: { handler: string; contract: string; problem: Problem },
  now: string,
): CloudEvent[] {
  const who = { handler, version: "none", environment: undefined, contract };
  const triggered = triggeredEvent(run, task, { who, inputs: {}, key: undefined }, { now, data: {} });
  const data = { message: problem.message, problem: reportOf(problem), retry: false };
  const attempt = { ...task, ...who, triggeredid: triggered.id };
  const { handler: _, ...finished } = finishInPlace(run, attempt, { status: "errored", data }, now);
  return [triggered, finished];
}
