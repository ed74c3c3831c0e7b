import type { TaskDelivery } from "@jackfield/events/consume-tasks";
import type { Events } from "@jackfield/events/connection";
import type { TriggeredData } from "@jackfield/spec/event/task";
import type { Assignment } from "./answer-events.ts";
import { askLease } from "./lease.ts";

const usualStartSeconds = 30;
const askAgainMs = 1_000;

/** May somebody have worked on this delivery before, or has it been given up meanwhile? Then ask before the work. */
export const isDoubtful = (
  { redelivered, ageMs }: Pick<TaskDelivery, "redelivered" | "ageMs">,
  data: TriggeredData | undefined,
): boolean => redelivered || ageMs > (data?.limits.startSeconds ?? usualStartSeconds) * 1_000;

/**
 * Asks the conductor until it answers: without an answer a doubtful delivery is not worked on. Undefined when the
 * signal came first; then the delivery is not acknowledged and comes again.
 */
export async function mayBegin(
  events: Events,
  delivery: Pick<TaskDelivery, "working">,
  { assignment, signal }: { assignment: Assignment; signal: AbortSignal },
): Promise<boolean | undefined> {
  while (!signal.aborted) {
    const answer = await askLease(events, assignment);
    if (answer !== undefined) return answer === "go";
    delivery.working();
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
  return undefined;
}
