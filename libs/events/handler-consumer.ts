import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type ConsumerInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { Problem } from "@jackfield/problem/problem";
import { eventType } from "@jackfield/spec/event/type";
import type { Events } from "./connection.ts";
import { durableName, type HandlerPlace } from "./names.ts";
import { encodeToken } from "./subject.ts";

/** A handler and one of its capabilities. */
export interface HandlerConsumer extends HandlerPlace {
  capability: string;
}

/**
 * What is not acknowledged for so long goes to another instance. It is acknowledged at `started`, a moment after it came,
 * so whoever takes longer has died or is cut off.
 */
export const ackWaitMs = 5_000;

/** The two names by which a handler finds its work. */
export interface BoundConsumer {
  stream: string;
  durable: string;
}

export interface HandlerConsumerOptions {
  /** How many deliveries may be unanswered at once, over all instances. They are answered at `started`, so few are enough. */
  maxAckPending?: number;
  /** How far back a consumer looks when it is made; the longest time in which a task may still be started. */
  lookbackMs?: number;
}

/** The subjects of one handler's `triggered` events for one capability, whatever the contract version. */
export function triggeredFilter(events: Events, { project, handler, capability }: HandlerConsumer): string {
  const type = eventType(capability, "triggered", "").replace(/\.$/, "");
  const owner = project === "*" ? "*" : encodeToken(project);
  return `${events.subjectRoot}.${owner}.${encodeToken(handler)}.${type}.>`;
}

/**
 * Makes the durable pull consumer of a handler, or finds the one that is there; the conductor's work, done again
 * whenever it may be gone. A new one looks back a little: what was addressed while it was missing is not lost. What it
 * shows again was perhaps done before, and its delivery count does not tell; `consumeTasks` marks everything that
 * waits when it comes as redelivered, and a handler asks before it works on that.
 * @throws Problem E_CONFLICT when a consumer of that name has another filter.
 */
export async function ensureHandlerConsumer(
  events: Events,
  handler: HandlerConsumer,
  { maxAckPending = 64, lookbackMs = 120_000 }: HandlerConsumerOptions = {},
): Promise<BoundConsumer> {
  const { consumers } = events.manager;
  const bound = { stream: events.stream, durable: durableName(handler) };
  const filter = triggeredFilter(events, handler);
  const found = (await consumerInfo(events, bound)) ?? (await made());
  if (found.config.filter_subject === filter) return bound;
  throw new Problem("E_CONFLICT", `The consumer ${bound.durable} is there for other events.`, {
    why: `it reads ${found.config.filter_subject ?? "everything"}, not ${filter}`,
    next: "delete it in NATS, or give the handler another name",
  });

  async function made(): Promise<ConsumerInfo> {
    try {
      return await consumers.add(bound.stream, {
        durable_name: bound.durable,
        filter_subject: filter,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ackWaitMs),
        max_ack_pending: maxAckPending,
        max_deliver: -1,
        deliver_policy: DeliverPolicy.StartTime,
        opt_start_time: new Date(Date.now() - lookbackMs).toISOString(),
      });
    } catch (error) {
      // Two conductors may begin at once; whichever came first has made it.
      const there = await consumerInfo(events, bound);
      if (there === undefined) throw error;
      return there;
    }
  }
}

/** The consumer as the server knows it, or undefined when it is not there. */
export async function consumerInfo(
  events: Events,
  { stream, durable }: BoundConsumer,
): Promise<ConsumerInfo | undefined> {
  try {
    return await events.manager.consumers.info(stream, durable);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
      return undefined;
    throw error;
  }
}
