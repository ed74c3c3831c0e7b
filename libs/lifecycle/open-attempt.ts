import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { mayAnswerFor } from "./facts.ts";
import type { RunningRun } from "./runs.ts";
import type { State } from "./state.ts";
import { isOpen, type OpenTask } from "./tasks.ts";

/** The open attempt that an event answers, with its run; undefined when the answer is late, or nobody asked. */
export function openAttempt(
  state: Pick<State, "tasks" | "runs">,
  event: CloudEvent,
): { run: RunningRun; task: OpenTask } | undefined {
  const task = event.subject === undefined ? undefined : state.tasks.get(event.subject);
  if (task === undefined || !isOpen(task)) return undefined;
  if (event.triggeredid !== task.triggeredid || event.attempt !== task.attempt) return undefined;
  if (!mayAnswerFor(event, task.handler)) return undefined;
  const run = state.runs.get(task.run);
  return run?.status === "running" ? { run, task } : undefined;
}
