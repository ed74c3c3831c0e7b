import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { startedData } from "@jackfield/spec/event/task";
import { doneWith } from "./after-answer.ts";
import { askKey, type DoneAsk, type OpenAsk } from "./asks.ts";
import { givenOut, handlerIn } from "./given-out.ts";
import { openAsk } from "./open-attempt.ts";
import { readAnswer } from "./read-answer.ts";
import type { Change, Entry, State } from "./state.ts";
import { isOpen } from "./tasks.ts";

/** One of several handlers, or a shadow, was given its work; also one that was to be spared it when that was on its way. */
export function foldAskTriggered(state: State, { event }: Entry): Change[] {
  const key = askKey(event.subject ?? "", handlerIn(event));
  const ask = state.asks.get(key);
  if (ask === undefined || isOpen(ask) || ask.status === "done") return [];
  const open = givenOut({ attempt: 1, spent: 0, ...ask }, event);
  if (open === undefined) return [];
  const { handler, role, head } = ask;
  const row: OpenAsk = { ...open, handler, role, head };
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

/** Its first answer counts. A shadow's decides nothing, and what it says is for the tracker to compare. */
export function foldAskFinished(state: State, entry: Entry): Change[] {
  const ask = mayBeAsked(state, entry.event) ? openAsk(state, entry.event) : undefined;
  if (ask === undefined) return [];
  const { handler, role, head } = ask;
  const done = doneWith(ask, readAnswer(entry.event), entry);
  const row: DoneAsk = { ...done, handler, role, head, outputs: {} };
  return [{ table: "asks", key: askKey(ask.id, handler), row }];
}

/** Most runs ask nobody beside the one handler of a task; there is nothing to look up then. */
function mayBeAsked(state: State, { run: id }: CloudEvent): boolean {
  const run = id === undefined ? undefined : state.runs.get(id);
  return run !== undefined && run.status !== "refused" && run.pinned.shadows !== undefined;
}
