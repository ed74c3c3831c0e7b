import type { TaskDelivery } from "@jackfield/events/consume-tasks";
import { ackWaitMs } from "@jackfield/events/handler-consumer";
import type { Events } from "@jackfield/events/connection";
import type { TriggeredData } from "@jackfield/spec/event/task";
import type { Assignment } from "./answer-events.ts";
import { askLease } from "./lease.ts";
import type { Taken } from "./taken.ts";

const askAgainMs = 1_000;
/** Within this time nobody else is given what was delivered to us. */
const oursForMs = ackWaitMs - 1_000;

export interface TakeUp {
  events: Events;
  assignment: Assignment;
  data: TriggeredData | undefined;
  /** Says `started`; resolves when the stream has it. */
  start: () => Promise<unknown>;
  /** Who wants to work is leaving. */
  signal: AbortSignal;
  /** What this process has taken up. */
  taken: Taken;
}

/**
 * Takes an attempt up: `started` is stored, then the delivery acknowledged. False when it is not to be worked on here.
 * A delivery that may be in other hands too is asked about before, so that nobody says `started` in vain, and after: of
 * two that were said the first in the stream stands, and only who said it works.
 */
export async function takeUp(delivery: TaskDelivery, taking: TakeUp): Promise<boolean> {
  const { id } = delivery.event;
  if (!taking.taken.add(id)) {
    delivery.ack();
    return false;
  }
  const begun = await begin(delivery, taking).catch((fault: unknown) => {
    taking.taken.forget(id);
    throw fault;
  });
  if (!begun) taking.taken.forget(id);
  return begun;
}

async function begin(delivery: TaskDelivery, taking: TakeUp): Promise<boolean> {
  const { events, data, start } = taking;
  const takenMs = performance.now();
  const doubtful = isDoubtful(delivery, data);
  if (doubtful) {
    const begins = await mayBegin(delivery, taking);
    if (begins === false) delivery.ack();
    if (begins !== true) return false;
  }
  await start();
  delivery.ack();
  const late = performance.now() - takenMs > oursForMs || events.connectedMs >= takenMs;
  return doubtful || late ? (await mayBegin(delivery, taking)) === true : true;
}

/** May somebody have worked on this delivery before, or has it been given up meanwhile? */
const isDoubtful = ({ redelivered, ageMs }: TaskDelivery, data: TriggeredData | undefined): boolean =>
  redelivered || ageMs > Math.min(oursForMs, (data?.limits.startSeconds ?? Infinity) * 1_000);

/**
 * Asks the conductor until it answers: without an answer a doubtful delivery is not worked on. Undefined when the
 * signal came first; then what was not acknowledged comes again.
 */
async function mayBegin(
  delivery: TaskDelivery,
  { events, assignment, signal }: Pick<TakeUp, "events" | "assignment" | "signal">,
): Promise<boolean | undefined> {
  while (!signal.aborted) {
    const answer = await askLease(events, assignment);
    if (answer !== undefined) return answer === "go";
    delivery.working();
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
  return undefined;
}
