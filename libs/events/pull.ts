import { createInbox, nanos, type Msg } from "@nats-io/transport-node";
import type { Events } from "./connection.ts";

/** One stored message as JetStream delivers it. */
export interface Delivery {
  message: Msg;
  sequence: number;
  /** Which delivery of this message by this consumer, from 1. */
  count: number;
  /** When the server stored it, ms since 1970 by its clock. */
  storedMs: number;
}

export interface Pull {
  /** Asks for so many more messages; they come as they are there, nothing waits for the number to be full. */
  ask(count: number): void;
  /** Asked for and not yet come. */
  readonly pending: number;
  stop(): void;
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
export function openPull(events: Events, options: PullOptions): Pull {
  const { connection } = events;
  const inbox = createInbox(connection.options.inboxPrefix);
  const subject = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${options.consumer}`;
  let pending = 0;
  let heardAt = performance.now();
  let open = true;

  const stop = (): void => {
    open = false;
    clearInterval(watchdog);
    unwatch();
    if (!connection.isClosed()) subscription.unsubscribe();
  };
  const lose = (reason: string): void => {
    if (!open) return;
    stop();
    options.onLost(reason);
  };
  const settle = (count: number): void => {
    pending = Math.max(0, pending - count);
    if (pending === 0 && open) options.onDrained();
  };
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (!open) return;
      if (error !== null) return lose(error.message);
      heardAt = performance.now();
      const delivery = deliveryOf(message);
      if (delivery === undefined) return heed(message, settle, lose);
      options.onMessage(delivery);
      settle(1);
    },
  });
  const watchdog = setInterval(() => {
    if (pending > 0 && performance.now() - heardAt > 2.4 * heartbeatMs) lose("the server is silent");
  }, heartbeatMs).unref();
  const unwatch = events.watch(({ type }) => {
    if (type === "disconnect" || type === "close") lose(`the connection was lost (${type})`);
  });

  return {
    ask(count) {
      if (!open) return;
      if (pending === 0) heardAt = performance.now();
      pending += count;
      const request = { batch: count, expires: nanos(expiresMs), idle_heartbeat: nanos(heartbeatMs) };
      connection.publish(subject, JSON.stringify(request), { reply: inbox });
    },
    get pending() {
      return pending;
    },
    stop,
  };
}

/** Statuses of a pull (ADR-13): 100 sign of life, 404/408 the request ended, the rest means that the consumer is no good. */
function heed(message: Msg, settle: (count: number) => void, lose: (reason: string) => void): void {
  const { headers } = message;
  if (headers === undefined) return;
  if (headers.code === 100) return;
  const left = Number(headers.get("Nats-Pending-Messages"));
  const ended = headers.code === 404 || headers.code === 408;
  if (ended && left > 0) settle(left);
  else lose(`${headers.code} ${headers.description}`);
}

/**
 * `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<consumer sequence>.<stored ns>.<pending>`; newer servers may put the
 * domain and the account before the stream. Anything else is a status.
 */
function deliveryOf(message: Msg): Delivery | undefined {
  const tokens = message.reply?.split(".") ?? [];
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  const at = tokens.length >= 11 ? 6 : 4;
  return {
    message,
    count: Number(tokens[at]),
    sequence: Number(tokens[at + 1]),
    storedMs: Math.floor(Number(tokens[at + 3]) / 1e6),
  };
}
