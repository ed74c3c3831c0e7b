import { nanos, type Msg, type Subscription } from "@nats-io/transport-node";
import type { Events } from "./connection.ts";
import type { TaskDelivery } from "./consume-tasks.ts";
import { consumerInfo, type BoundConsumer } from "./handler-consumer.ts";
import { readDelivery, type Refusal } from "./log-entry.ts";
import { pause } from "./pause.ts";
import { deliveryOf } from "./pull.ts";

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
      () => undefined,
    );
    if (taken !== undefined || performance.now() >= deadline) return taken;
    await pause(attempt, inTime);
  }
  return undefined;
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
  const found = await Promise.all(consumers.map((consumer) => consumerInfo(events, consumer)));
  const subscriptions: Subscription[] = [];
  const taken = await new Promise<TaskDelivery | undefined>((resolve) => {
    let open = 0;
    let settled = false;
    const settle = (task: TaskDelivery | undefined): void => {
      settled = true;
      unwatch();
      signal.removeEventListener("abort", stop);
      resolve(task);
    };
    const stop = (): void => settle(undefined);
    const unwatch = events.watch(({ type }) => {
      if (type === "disconnect" || type === "close") stop();
    });
    signal.addEventListener("abort", stop);
    const take = (message: Msg, madeMs: number): void => {
      // A request that is open still brings a message to somebody who has one, or has left; the next one gets it.
      if (settled) return void (isDelivery(message) && message.respond("-NAK"));
      if (message.headers?.code === 100) return;
      const task = isDelivery(message) ? taskOf(message, { events, madeMs, onBad }) : undefined;
      open -= 1;
      if (task !== undefined || open === 0) settle(task);
    };
    for (const [index, info] of found.entries()) {
      const consumer = consumers[index];
      if (info === undefined || consumer === undefined) continue;
      open += 1;
      subscriptions.push(request(events, consumer, { deadline, take, madeMs: Date.parse(info.created) }));
    }
    if (open === 0 || signal.aborted) stop();
  });
  // Draining hands over what is on its way, so nothing is lost between here and the server.
  for (const subscription of subscriptions)
    if (!events.connection.isClosed()) void subscription.drain().catch(() => undefined);
  return taken;
}

/** One pull request for one message; the server answers it with the message, or with a status when its time is over. */
function request(
  events: Events,
  { stream, durable }: BoundConsumer,
  {
    deadline,
    take,
    madeMs,
  }: { deadline: number; take: (message: Msg, madeMs: number) => void; madeMs: number },
): Subscription {
  const inbox = events.inbox();
  const subscription = events.connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error === null) take(message, madeMs);
    },
  });
  const leftMs = Math.floor(deadline - performance.now());
  const asked = leftMs > 0 ? { batch: 1, expires: nanos(leftMs) } : { batch: 1, no_wait: true };
  events.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, JSON.stringify(asked), {
    reply: inbox,
  });
  return subscription;
}

const isDelivery = (message: Msg): boolean => deliveryOf(message) !== undefined;

function taskOf(
  message: Msg,
  { events, madeMs, onBad }: { events: Events; madeMs: number; onBad: TakeTaskOptions["onBad"] },
): TaskDelivery | undefined {
  const delivery = deliveryOf(message);
  if (delivery === undefined) return undefined;
  const read = readDelivery(delivery, events.subjectRoot);
  if (read.refused !== undefined) {
    message.respond("+TERM");
    onBad(read.refused, message.subject);
    return undefined;
  }
  const { sequence, count, storedMs } = delivery;
  return {
    ...read,
    sequence,
    redelivered: count > 1 || storedMs < madeMs,
    ageMs: Math.max(0, Date.now() - storedMs),
    ack: () => void message.respond("+ACK"),
    working: () => void message.respond("+WPI"),
  };
}
