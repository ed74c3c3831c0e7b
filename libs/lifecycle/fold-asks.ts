import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { attributesOf, type Outcome } from "@jackfield/spec/event/outcome";
import { startedData } from "@jackfield/spec/event/task";
import { doneWith, nextAttempt } from "./after-answer.ts";
import { askKey, type Ask, type DoneAsk, type OpenAsk, type ReadyAsk } from "./asks.ts";
import { givenOut, handlerIn } from "./given-out.ts";
import { openAsk } from "./open-attempt.ts";
import { readAnswer, type Answer } from "./read-answer.ts";
import { asksAfter, doneBy, endOf, spareOthers } from "./several.ts";
import { cacheFilled, endTask, withWork } from "./task-finished.ts";
import type { Pinned, RunningRun } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import { isOpen, type AskedTask } from "./tasks.ts";

/** One of several handlers, or a shadow, was given its work; also one that was to be spared it when that was on its way. */
export function foldAskTriggered(state: State, { event }: Entry): Change[] {
  const key = askKey(event.subject ?? "", handlerIn(event));
  const ask = state.asks.get(key);
  if (ask === undefined || isOpen(ask) || ask.status === "done") return [];
  const open = givenOut(ask, event);
  if (open === undefined) return [];
  const { handler, role, head } = ask;
  const pruned = role === "primary" && ask.status === "skipped";
  const row: OpenAsk = { ...open, handler, role, head, ...(pruned && { pruned }) };
  return [{ table: "asks", key, row }];
}

/** It has it. */
export function foldAskStarted(state: State, { event }: Entry): Change[] {
  const ask = mayBeAsked(state, event) ? openAsk(state, event) : undefined;
  if (ask?.status !== "triggered") return [];
  const instance = startedData.safeParse(event.data).data?.instance;
  const row: OpenAsk = { ...ask, status: "started", ...(instance !== undefined && { instance }) };
  return [{ table: "asks", key: askKey(ask.id, ask.handler), row }];
}

/**
 * Its first answer counts. One of several handlers is tried again, or it ends the task with the others. What a shadow
 * says, or somebody whose answer is not needed any more, decides nothing.
 */
export function foldAskFinished(state: State, entry: Entry): Change[] {
  const ask = mayBeAsked(state, entry.event) ? openAsk(state, entry.event) : undefined;
  if (ask === undefined) return [];
  const answer = readAnswer(entry.event);
  const { handler, role, head } = ask;
  const asked = { handler, role, head };
  const key = askKey(ask.id, handler);
  const place = role === "shadow" || ask.pruned === true ? undefined : placeOf(state, ask);
  // What is only recorded is for the tracker to compare; its outputs lead nowhere here.
  if (place === undefined) {
    return [{ table: "asks", key, row: { ...doneWith(ask, answer, entry), ...asked, outputs: {} } }];
  }
  const again = nextAttempt(place.run, ask, answer, entry);
  const row: ReadyAsk | DoneAsk = { ...(again ?? doneWith(ask, answer, entry)), ...asked };
  const kept = row.status === "done" ? cacheFilled(place.run, row, answer) : [];
  return [{ table: "asks", key, row }, ...kept, ...foldAnswered(state, place, { row, answer, entry })];
}

/** The task that it was asked for, while that is open. */
function placeOf(state: State, ask: OpenAsk): { run: RunningRun; task: AskedTask } | undefined {
  const run = state.runs.get(ask.run);
  const task = state.tasks.get(ask.id);
  return run?.status === "running" && task?.status === "asked" ? { run, task } : undefined;
}

function foldAnswered(
  state: State,
  { run, task }: { run: RunningRun; task: AskedTask },
  { row, answer, entry }: { row: Ask; answer: Answer; entry: Entry },
): Change[] {
  const asks = asksAfter(state, task, row);
  const end = endOf(run, task, asks);
  if (end === undefined) {
    const worked = { ...run, progress: withWork(run.progress, answer) };
    return [{ table: "runs", key: run.id, row: worked }];
  }
  const done = doneBy(task, asks, end, entry);
  const event = asTask(entry.event, end.outcome);
  return [...spareOthers(asks), ...endTask(state, run, { from: task, to: done }, { answer, event })];
}

/** The answer that ends a task says for the steps behind what came out for the task. */
function asTask({ status: _, result: __, ...event }: CloudEvent, outcome: Outcome): CloudEvent {
  return { ...event, ...attributesOf(outcome) };
}

/** Is this the answer that ends the task of several handlers, and as it says itself? Asked before it is folded. */
export function endsTask(state: State, entry: Entry): boolean {
  const ask = mayBeAsked(state, entry.event) ? openAsk(state, entry.event) : undefined;
  const place = ask === undefined || ask.role === "shadow" ? undefined : placeOf(state, ask);
  if (ask === undefined || place === undefined) return false;
  const answer = readAnswer(entry.event);
  if (nextAttempt(place.run, ask, answer, entry) !== undefined) return false;
  const { handler, role, head } = ask;
  const row = { ...doneWith(ask, answer, entry), handler, role, head };
  return endOf(place.run, place.task, asksAfter(state, place.task, row))?.outcome === answer.outcome;
}

/** Most runs ask nobody beside the one handler of a task; there is nothing to look up then. */
function mayBeAsked(state: State, { run: id }: CloudEvent): boolean {
  const run = id === undefined ? undefined : state.runs.get(id);
  return run !== undefined && run.status !== "refused" && isAskedBeside(run.pinned);
}

const isAskedBeside = ({ shadows, workflow }: Pinned): boolean =>
  shadows !== undefined || workflow.steps.some(({ handlers }) => handlers !== undefined);
