import { setTimeout as delay } from "node:timers/promises";
import { deferred, type Deferred, type Msg, type Status, type Subscription } from "@nats-io/transport-node";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import type { Events } from "./connection.ts";
import { markAgain, outgoing, type Outgoing } from "./outgoing.ts";
import { pauseMs } from "./pause.ts";
import { epochWithoutRight, fullProblem, lateProblem, readAnswer } from "./publish-answer.ts";
import { refusedBy } from "./refused.ts";
import { handlersApi } from "./rights.ts";
import { streamState } from "./stream.ts";

/**
 * Where an event lies in the log; the epoch is 0 for a connection without the right to look at the stream (a handler's).
 * `duplicate`: it was there before (perhaps by an earlier try of this very call).
 */
export interface Published {
  position: Position;
  duplicate: boolean;
}

export interface PublishOptions {
  signal?: AbortSignal;
  /** After this time without an answer the publishing fails; the event may be in the log all the same. */
  deadlineMs?: number;
  /** Goes on trying while the stream is full, instead of failing with E_STREAM_FULL. */
  untilAccepted?: boolean;
}

export interface Publisher extends AsyncDisposable {
  /**
   * Publishes an event and tries again under the same message id until the stream has it, so that it is there once.
   * @throws Problem E_INVALID, E_TOO_LARGE, E_STREAM_FULL, E_TOKEN_SCOPE; E_STORE_DOWN after the deadline or the close.
   */
  publish(event: CloudEvent, options?: PublishOptions): Promise<Published>;
  /** The same for what `outgoing` made before. */
  send(message: Outgoing, options?: PublishOptions): Promise<Published>;
  /** Resolves when everything that was given so far is answered. */
  flush(): Promise<void>;
  /** Waits for what is on its way, at most 5 s, then fails the rest. */
  close(): Promise<void>;
}

/** At most `maxInFlight` events are on their way unanswered, more wait their turn. First tries leave in the order of the calls. */
export const createPublisher = (events: Events, options: { maxInFlight?: number } = {}): Publisher =>
  new PipelinedPublisher(events, options.maxInFlight ?? 256);

interface Sending extends Outgoing {
  token: string;
  attempt: number;
  /** When the running try is given up, or the next one is due; ms of the monotonic clock. */
  dueMs: number;
  result: Deferred<Published>;
}

/** How long one try waits for its answer. */
const answerMs = 2_000;
const clockMs = 50;
const epochEveryMs = 5_000;

class PipelinedPublisher implements Publisher {
  readonly #events: Events;
  readonly #maxInFlight: number;
  readonly #inbox: string;
  readonly #answers: Subscription;
  readonly #unwatch: () => void;
  /** Everything that is not settled, in the order of the calls. */
  readonly #open = new Set<Sending>();
  readonly #onTheirWay = new Map<string, Sending>();
  readonly #waiting: Sending[] = [];
  readonly #patient = new Set<Sending>();
  #clock: NodeJS.Timeout | undefined;
  #count = 0;
  #closed = false;
  #epoch: number | undefined;
  #epochAskedMs = performance.now();
  #highest = 0;

  constructor(events: Events, maxInFlight: number) {
    this.#events = events;
    this.#maxInFlight = maxInFlight;
    this.#inbox = events.inbox();
    this.#answers = events.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
      },
    });
    this.#unwatch = events.watch((status) => this.#noticed(status));
  }

  async publish(event: CloudEvent, options?: PublishOptions): Promise<Published> {
    return this.send(outgoing(event, this.#events), options);
  }

  async send(message: Outgoing, options: PublishOptions = {}): Promise<Published> {
    const { signal, deadlineMs, untilAccepted } = options;
    signal?.throwIfAborted();
    if (this.#closed || this.#events.connection.isClosed()) throw lateProblem("the publisher was closed");
    const token = (this.#count += 1).toString(36);
    const sending: Sending = { ...message, token, attempt: 0, dueMs: 0, result: deferred<Published>() };
    if (untilAccepted === true) this.#patient.add(sending);
    this.#open.add(sending);
    this.#waiting.push(sending);
    this.#sendWaiting();
    if (signal === undefined && deadlineMs === undefined) return sending.result;
    const give = (reason: unknown): void => this.#fail(sending, reason);
    const abort = (): void => give(signal?.reason);
    signal?.addEventListener("abort", abort);
    const late = (): void => give(lateProblem(`it was tried for ${deadlineMs ?? 0} ms`));
    const timer = deadlineMs === undefined ? undefined : setTimeout(late, deadlineMs);
    return sending.result.finally(() => {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    });
  }

  async flush(): Promise<void> {
    await Promise.allSettled([...this.#open].map(({ result }) => result));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const timer = new AbortController();
    const enough = delay(5_000, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.flush(), enough]);
    timer.abort();
    for (const sending of [...this.#open]) this.#fail(sending, lateProblem("the publisher was closed"));
    clearInterval(this.#clock);
    this.#unwatch();
    if (!this.#events.connection.isClosed()) this.#answers.unsubscribe();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #sendWaiting(): void {
    while (this.#onTheirWay.size < this.#maxInFlight) {
      const sending = this.#waiting.shift();
      if (sending === undefined) return;
      if (!this.#open.has(sending)) continue;
      this.#onTheirWay.set(sending.token, sending);
      this.#send(sending);
    }
  }

  #send(sending: Sending): void {
    sending.attempt += 1;
    sending.dueMs = performance.now() + answerMs;
    this.#clock ??= setInterval(() => this.#tick(), clockMs);
    // While nobody is there the client would only pile it up; the reconnect sends all again, in order.
    if (!this.#events.connected) return;
    const { subject, body, headers, token } = sending;
    if (sending.attempt > 1) markAgain(headers);
    this.#events.connection.publish(subject, body, { headers, reply: `${this.#inbox}.${token}` });
  }

  /** Costs nothing while nothing is on its way. */
  #tick(): void {
    if (this.#onTheirWay.size === 0) {
      clearInterval(this.#clock);
      this.#clock = undefined;
      return;
    }
    if (!this.#events.connected) return;
    const now = performance.now();
    for (const sending of this.#onTheirWay.values()) if (sending.dueMs <= now) this.#send(sending);
  }

  #noticed(status: Status): void {
    if (status.type === "reconnect") {
      this.#epoch = undefined;
      for (const sending of this.#onTheirWay.values()) this.#send(sending);
    }
    if (status.type === "close") {
      for (const sending of [...this.#open]) this.#fail(sending, lateProblem("the connection was closed"));
    }
    const refused = status.type === "error" ? refusedBy(status.error, this.#events) : undefined;
    if (refused === undefined) return;
    // Without its inbox no answer ever comes.
    const all = refused.subject === `${this.#inbox}.*`;
    for (const sending of [...this.#open])
      if (all || sending.subject === refused.subject) this.#fail(sending, refused.problem);
  }

  #answered(message: Msg): void {
    const sending = this.#onTheirWay.get(message.subject.slice(this.#inbox.length + 1));
    if (sending === undefined) return;
    const answer = readAnswer(message);
    if (answer.kind === "accepted") this.#accepted(sending, answer.sequence, answer.duplicate);
    else if (answer.kind === "refused") this.#fail(sending, answer.problem);
    else if (answer.kind === "full" && !this.#patient.has(sending)) {
      this.#fail(sending, fullProblem(this.#events.stream));
    } else sending.dueMs = performance.now() + pauseMs(sending.attempt);
  }

  #accepted(sending: Sending, sequence: number, duplicate: boolean): void {
    this.#onTheirWay.delete(sending.token);
    this.#sendWaiting();
    // Numbers that begin again: another stream is there under the same name.
    if (!duplicate && sequence <= this.#highest) this.#epoch = undefined;
    if (!duplicate) this.#highest = sequence;
    const settle = (epoch: number): void => {
      this.#settled(sending);
      sending.result.resolve({ position: { epoch, sequence }, duplicate });
    };
    const isOld = performance.now() - this.#epochAskedMs > epochEveryMs;
    if (isOld && this.#epoch !== 0) void this.#refreshEpoch();
    if (this.#epoch === undefined) void this.#askEpoch(sending).then(settle, () => undefined);
    else settle(this.#epoch);
  }

  /** A stream can be given another epoch without being another one. */
  async #refreshEpoch(): Promise<void> {
    this.#epochAskedMs = performance.now();
    const epoch = await streamState(this.#events).then((state) => state?.epoch, epochWithoutRight);
    if (epoch !== undefined) this.#epoch = epoch;
  }

  async #askEpoch(sending: Sending): Promise<number> {
    // A handler may not ask, and the server would note each attempt as a violation.
    if (this.#events.api === handlersApi) return 0;
    for (let attempt = 1; this.#open.has(sending); attempt += 1) {
      if (this.#epoch !== undefined) return this.#epoch;
      const epoch = await streamState(this.#events).then((state) => state?.epoch, epochWithoutRight);
      if (epoch !== undefined) return (this.#epoch = epoch);
      await delay(pauseMs(attempt));
    }
    throw lateProblem("the stream went away");
  }

  #fail(sending: Sending, reason: unknown): void {
    this.#settled(sending);
    sending.result.reject(reason instanceof Error ? reason : lateProblem(String(reason)));
    this.#sendWaiting();
  }

  #settled(sending: Sending): void {
    this.#open.delete(sending);
    this.#patient.delete(sending);
    this.#onTheirWay.delete(sending.token);
  }
}
