import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { askOfTriggered, type OpenAsk } from "./asks.ts";
import { mayAnswerFor } from "./facts.ts";
import type { RunHead, RunningRun } from "./runs.ts";
import type { State } from "./state.ts";
import { isOpen, type OpenTask } from "./tasks.ts";

/** The open attempt that an event answers, with its run; undefined when the answer is late, or nobody asked. */
export function openAttempt(
  state: Pick<State, "tasks" | "runs">,
  event: CloudEvent,
): { run: RunningRun; task: OpenTask } | undefined {
  const task = event.subject === undefined ? undefined : state.tasks.get(event.subject);
  if (task === undefined || !isOpen(task) || !answers(event, task)) return undefined;
  const run = state.runs.get(task.run);
  return run?.status === "running" && isOfProject(event, run) ? { run, task } : undefined;
}

/** The same for one of several handlers, and for a shadow, whose answer counts also when its run is over. */
export function openAsk(state: Pick<State, "asks">, event: CloudEvent): OpenAsk | undefined {
  if (event.triggeredid === undefined) return undefined;
  const ask = state.asks.get(askOfTriggered(event.triggeredid));
  if (ask === undefined || !isOpen(ask) || !answers(event, ask)) return undefined;
  return isOfProject(event, ask.head) ? ask : undefined;
}

const answers = (event: CloudEvent, { id, triggeredid, attempt, handler }: OpenTask): boolean =>
  event.subject === id &&
  event.triggeredid === triggeredid &&
  event.attempt === attempt &&
  mayAnswerFor(event, handler);

/** Two projects may have a handler of one name; neither answers for the other. */
const isOfProject = ({ project }: CloudEvent, { scope }: RunHead): boolean => project === scope.project;
