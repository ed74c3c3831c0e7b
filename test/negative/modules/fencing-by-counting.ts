/** Fencing by counting: the n-th `finished` of a task ends its n-th attempt, whichever attempt it answers. */
import * as fenced from "@jackfield/lifecycle/open-attempt";
import { isOpen } from "@jackfield/lifecycle/tasks";

export * from "@jackfield/lifecycle/open-attempt";

export const openAttempt: typeof fenced.openAttempt = (state, event) => {
  const task = state.tasks.get(event.subject ?? "");
  if (task === undefined || !isOpen(task)) return undefined;
  const { triggeredid, attempt } = task;
  return fenced.openAttempt(state, { ...event, triggeredid, attempt });
};
