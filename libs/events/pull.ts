import { nanos, type Msg, type Subscription } from "@nats-io/transport-node";
import type { Events } from "./connection.ts";
import { natsProblem, refusedBy } from "./refused.ts";

/** One stored message as JetStream delivers it. */
export interface Delivery {
  message: Msg;
  sequence: number;
  /** Which delivery of this message by this consumer, from 1. */
  count: number;
  /** When the server stored it, ms since 1970 by its clock. */
  storedMs: number;
  /** How many more the consumer had for us when it sent this one. */
  behind: number;
}

export interface PullOptions {
  stream: string;
  consumer: string;
  onMessage: (delivery: Delivery) => void;
  /** All that was asked for has come or expired: ask again. */
  onDrained: () => void;
  /** The consumer is gone or silent, or the connection was re-made. Called once; nothing comes after it. */
  onLost: (reason: string) => void;
}

const expiresMs = 30_000;
/** While a request is open the server sends a sign of life this often; two missed, and the consumer is taken for lost. */
const heartbeatMs = 2_500;

/**
 * Pulls from a consumer: requests stay open for 30 s and messages are pushed into them at once, so an idle reader costs
 * a heartbeat every 2.5 s and a new message nothing but its way. Client libraries mend a lost consumer inside and were
 * seen to fall silent after the broker was killed; here every irregularity ends the pull, and the owner begins anew.
 */
export class Pull {
  /** Asked for and not yet come. */
  pending = 0;
  readonly #events: Events;
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #subject: string;
  readonly #subscription: Subscription;
  readonly #unwatch: () => void;
  readonly #watchdog: NodeJS.Timeout;
  #heardAt = performance.now();
  #open = true;

  constructor(events: Events, options: PullOptions) {
    this.#events = events;
    this.#options = options;
    this.#inbox = events.inbox();
    this.#subject = `${events.api}.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
    this.#subscription = events.connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#lose(natsProblem(error, events).message);
      },
    });
    let lookedAt = performance.now();
    this.#watchdog = setInterval(() => {
      const nowMs = performance.now();
      // A process that was stopped could not hear; what came meanwhile is read after this.
      if (nowMs - lookedAt > 2 * heartbeatMs) this.#heardAt = nowMs;
      lookedAt = nowMs;
      const silentMs = nowMs - this.#heardAt;
      if (this.pending > 0 && silentMs > 2.4 * heartbeatMs) this.#lose("the server is silent");
    }, heartbeatMs).unref();
    this.#unwatch = events.watch((status) => {
      if (status.type === "disconnect" || status.type === "close") this.#lose("the connection was lost");
      const refused = status.type === "error" ? refusedBy(status.error, events) : undefined;
      if (refused?.subject === this.#subject) this.#lose(refused.problem.message);
    });
  }

  /** Asks for so many more messages; each comes when it is there, nothing waits for the number to be full. */
  ask(count: number): void {
    if (!this.#open || this.#events.connection.isClosed()) return;
    if (this.pending === 0) this.#heardAt = performance.now();
    this.pending += count;
    const request = { batch: count, expires: nanos(expiresMs), idle_heartbeat: nanos(heartbeatMs) };
    this.#events.connection.publish(this.#subject, JSON.stringify(request), { reply: this.#inbox });
  }

  stop(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#watchdog);
    this.#unwatch();
    this.#subscription.unsubscribe();
  }

  #take(message: Msg): void {
    if (!this.#open) return;
    this.#heardAt = performance.now();
    const delivery = deliveryOf(message);
    if (delivery === undefined) {
      this.#heed(message);
      return;
    }
    this.#options.onMessage(delivery);
    this.#settle(1);
  }

  /** Statuses (ADR-13): 100 sign of life, 404 and 408 a request ended, the rest means that the consumer is no good. */
  #heed({ headers }: Msg): void {
    if (headers === undefined || headers.code === 100) return;
    const left = Number(headers.get("Nats-Pending-Messages"));
    if ((headers.code === 404 || headers.code === 408) && left > 0) this.#settle(left);
    else this.#lose(`${headers.code} ${headers.description}`);
  }

  #settle(count: number): void {
    this.pending = Math.max(0, this.pending - count);
    if (this.pending === 0 && this.#open) this.#options.onDrained();
  }

  #lose(reason: string): void {
    if (!this.#open) return;
    this.stop();
    this.#options.onLost(reason);
  }
}

/**
 * `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<consumer sequence>.<stored ns>.<pending>`; newer servers may put the
 * domain and the account before the stream. Anything else is a status.
 */
export function deliveryOf(message: Msg): Delivery | undefined {
  const tokens = message.reply?.split(".") ?? [];
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  const at = tokens.length >= 11 ? 6 : 4;
  return {
    message,
    count: Number(tokens[at]),
    sequence: Number(tokens[at + 1]),
    storedMs: Math.floor(Number(tokens[at + 3]) / 1e6),
    behind: Number(tokens[at + 4]),
  };
}
