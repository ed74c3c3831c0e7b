import { restBefore } from "./backoff.ts";
import type { Answer } from "./read-answer.ts";
import type { RunningRun } from "./runs.ts";
import type { Entry } from "./state.ts";
import type { DoneTask, OpenTask, ReadyTask, TaskHead } from "./tasks.ts";

/** The task before its next attempt, or undefined when this answer is its last word. */
export function nextAttempt(
  run: RunningRun,
  task: OpenTask,
  answer: Answer,
  { event, position }: Entry,
): ReadyTask | undefined {
  const handedBack = answer.data.problem?.code === "E_HANDED_BACK";
  const spent = task.spent + (handedBack ? 0 : 1);
  const failed = answer.status === "errored" || answer.status === "timedout";
  if (!failed || answer.data.retry !== true || spent >= task.limits.attempts || run.aborted !== undefined) {
    return undefined;
  }
  const attempt = task.attempt + 1;
  const asked = answer.data.problem?.retryAfterSeconds;
  const restMs = asked === undefined ? restBefore(task.id, attempt) : asked * 1_000;
  const { id, step, capability } = task;
  const head = { id, run: task.run, step, capability };
  const began = { cause: event.id, since: position };
  return { ...head, status: "ready", attempt, spent, ...began, restMs: handedBack ? 0 : restMs };
}

/** The task with its last word. */
export function doneWith(task: OpenTask, answer: Answer, entry: Entry): DoneTask {
  const { outcome, status } = answer;
  const { problem, message, outputs, cached = false } = answer.data;
  const said = status === "succeeded" ? { [task.handler]: outputs ?? {} } : {};
  return doneAs(task, { speaker: { ...task, cached }, outcome, problem, message, outputs: said }, entry);
}

/** What the last word of a task says, and who says it. */
interface LastWord extends Pick<DoneTask, "outcome" | "outputs"> {
  speaker: Pick<DoneTask, "handler" | "attempt" | "cached" | "cachekey" | "parts">;
  problem: DoneTask["problem"] | undefined;
  message: string | undefined;
}

/** A task as it is done, at the place of the answer that decided it. */
export function doneAs(
  { id, run, step, capability }: TaskHead,
  { speaker, outcome, problem, message, outputs }: LastWord,
  { event, position }: Entry,
): DoneTask {
  const { handler, attempt, cached, cachekey, parts } = speaker;
  return {
    ...{ id, run, step, capability, status: "done", outcome, attempt, handler },
    ...{ finishedid: event.id, position, cached },
    ...(cachekey !== undefined && { cachekey }),
    ...(parts !== undefined && { parts }),
    ...(problem !== undefined && { problem }),
    ...(message !== undefined && { message }),
    outputs,
  };
}
