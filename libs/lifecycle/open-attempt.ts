import { answersTo } from "@jackfield/spec/event/answer";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { askOfTriggered, type OpenAsk } from "./asks.ts";
import type { RunHead, RunningRun } from "./runs.ts";
import type { State } from "./state.ts";
import { isOpen, type OpenTask } from "./tasks.ts";

/** The open attempt that an event answers, with its run; undefined when the answer is late, or nobody asked. */
export function openAttempt(
  state: Pick<State, "tasks" | "runs">,
  event: CloudEvent,
): { run: RunningRun; task: OpenTask } | undefined {
  const task = event.subject === undefined ? undefined : state.tasks.get(event.subject);
  if (task === undefined || !isOpen(task)) return undefined;
  const run = state.runs.get(task.run);
  return run?.status === "running" && answers(event, task, run) ? { run, task } : undefined;
}

/** The same for one of several handlers, and for a shadow, whose answer counts also when its run is over. */
export function openAsk(state: Pick<State, "asks">, event: CloudEvent): OpenAsk | undefined {
  if (event.triggeredid === undefined) return undefined;
  const ask = state.asks.get(askOfTriggered(event.triggeredid));
  return ask !== undefined && isOpen(ask) && answers(event, ask, ask.head) ? ask : undefined;
}

/** Two projects may have a handler of one name; neither answers for the other. */
const answers = (event: CloudEvent, task: OpenTask, { scope }: RunHead): boolean =>
  answersTo(event, { ...task, task: task.id, project: scope.project });
