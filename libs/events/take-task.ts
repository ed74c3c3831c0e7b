import { nanos, type Msg, type Subscription } from "@nats-io/transport-node";
import type { Events } from "./connection.ts";
import { taskOf, type TaskDelivery } from "./consume-tasks.ts";
import { consumerInfo, type BoundConsumer } from "./handler-consumer.ts";
import type { Refusal } from "./log-entry.ts";
import { pause } from "./pause.ts";
import { deliveryOf } from "./pull.ts";
import { refusedBy } from "./refused.ts";

export interface TakeTaskOptions {
  /** How long to wait for a task; 0 looks once. */
  waitMs: number;
  /** Who waits is gone. */
  signal: AbortSignal;
  /** A message that may not count; it is not delivered again. */
  onBad: (refused: Refusal, subject: string) => void;
}

/**
 * Takes one task from any of a handler's consumers, for whoever asks again and again instead of holding a connection to
 * NATS. Undefined when there was none in time. What comes for somebody who has left is given back at once.
 * @throws Problem E_TOKEN_SCOPE when this user may not take tasks there.
 */
export async function takeTask(
  events: Events,
  consumers: readonly BoundConsumer[],
  { waitMs, signal, onBad }: TakeTaskOptions,
): Promise<TaskDelivery | undefined> {
  const deadline = performance.now() + waitMs;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, Math.ceil(waitMs)) + 1_000)]);
  for (let attempt = 1; !inTime.aborted; attempt += 1) {
    const taken = await takeOnce(events, consumers, { deadline, signal: inTime, onBad }).catch(
      (error: unknown) => notAllowed(error, events),
    );
    if (taken !== undefined || performance.now() >= deadline) return taken;
    await pause(attempt, inTime);
  }
  return undefined;
}

/** A fault passes, and it is tried again; what may not be done is said. */
function notAllowed(error: unknown, events: Events): undefined {
  const refused = refusedBy(error, events);
  if (refused !== undefined) throw refused.problem;
}

interface Attempt extends Pick<TakeTaskOptions, "signal" | "onBad"> {
  deadline: number;
}

async function takeOnce(
  events: Events,
  consumers: readonly BoundConsumer[],
  { deadline, signal, onBad }: Attempt,
): Promise<TaskDelivery | undefined> {
  await events.whenConnected(signal);
  const taking = new Taking(events, onBad);
  const stop = (): void => taking.settle(undefined);
  const unwatch = events.watch(({ type }) => {
    if (type === "disconnect" || type === "close") stop();
  });
  signal.addEventListener("abort", stop);
  try {
    const made = await Promise.all(consumers.map(async (consumer) => consumerInfo(events, consumer)));
    for (const [index, consumer] of consumers.entries()) {
      const info = made[index];
      if (info !== undefined) taking.ask(consumer, info.num_pending > 0, deadline);
    }
    if (taking.open === 0 || signal.aborted) stop();
    return await taking.taken;
  } finally {
    unwatch();
    signal.removeEventListener("abort", stop);
    taking.end();
  }
}

/** One request a consumer is open; the first task wins, and every other message is given back. */
class Taking {
  readonly taken: Promise<TaskDelivery | undefined>;
  /** Requests that the server has not answered. */
  open = 0;
  readonly #events: Events;
  readonly #onBad: TakeTaskOptions["onBad"];
  readonly #subscriptions: Subscription[] = [];
  #resolve: (task: TaskDelivery | undefined) => void = () => undefined;
  #settled = false;

  constructor(events: Events, onBad: TakeTaskOptions["onBad"]) {
    this.#events = events;
    this.#onBad = onBad;
    this.taken = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** What was there before we asked is `old`. The server answers with a message, or with a status when there was none in time. */
  ask({ stream, durable }: BoundConsumer, old: boolean, deadline: number): void {
    const inbox = this.#events.inbox();
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.#take(message, old);
    };
    this.#subscriptions.push(this.#events.connection.subscribe(inbox, { callback }));
    this.open += 1;
    const leftMs = Math.floor(deadline - performance.now());
    const asked = leftMs > 0 ? { batch: 1, expires: nanos(leftMs) } : { batch: 1, no_wait: true };
    const subject = `${this.#events.api}.CONSUMER.MSG.NEXT.${stream}.${durable}`;
    this.#events.connection.publish(subject, JSON.stringify(asked), { reply: inbox });
  }

  settle(task: TaskDelivery | undefined): void {
    this.#settled = true;
    this.#resolve(task);
  }

  /** Draining hands over what is on its way, so nothing is lost between here and the server. */
  end(): void {
    if (this.#events.connection.isClosed()) return;
    for (const subscription of this.#subscriptions) void subscription.drain().catch(() => undefined);
  }

  #take(message: Msg, old: boolean): void {
    const delivery = deliveryOf(message);
    if (this.#settled) {
      if (delivery !== undefined) message.respond("-NAK");
      return;
    }
    // Headers of a delivery may be anything; only those of a status are surely readable.
    if (delivery === undefined && message.headers?.code === 100) return;
    this.open -= 1;
    const consumer = {
      subjectRoot: this.#events.subjectRoot,
      old,
      onBad: this.#onBad,
    };
    const task = delivery === undefined ? undefined : taskOf(delivery, consumer);
    if (task !== undefined || this.open === 0) this.settle(task);
  }
}
