import { lease, placeOfHandler } from "@jackfield/spec/ask/conductor";
import type { Events } from "@jackfield/events/connection";
import { askService } from "./answer.ts";
import type { Assignment } from "./answer-events.ts";

/** Why an attempt must stop. */
export type StopReason = "abort" | "prune" | "stale";

/** May this attempt go on? `undefined` when the conductor does not answer: once started, that means go on. */
export async function askLease(
  events: Events,
  assignment: Assignment,
): Promise<StopReason | "go" | undefined> {
  const { task, triggered, attempt, instance, handler } = assignment;
  const project = triggered.project ?? "";
  const input = { task, triggeredid: triggered.id, attempt, instance, project };
  try {
    const name = placeOfHandler(project, handler);
    const answer = await askService(events, lease, input, { name, timeoutMs: 3_000 });
    return answer.go ? "go" : answer.reason;
  } catch {
    return undefined;
  }
}

/**
 * Keeps the lease of work: asks every `everyMs` until closed; `onStop` is called once, when the answer is no.
 * The question is asked only while work lasts, so short tasks cost nothing.
 */
export function keepLease(
  ask: () => Promise<StopReason | "go" | undefined>,
  { everyMs, onStop }: { everyMs: number; onStop: (reason: StopReason) => void },
): { close(): void } {
  let closed = false;
  const timer = setInterval(() => {
    void ask().then((answer) => {
      if (closed || answer === undefined || answer === "go") return;
      close();
      onStop(answer);
    });
  }, everyMs);
  const close = (): void => {
    closed = true;
    clearInterval(timer);
  };
  return { close };
}
