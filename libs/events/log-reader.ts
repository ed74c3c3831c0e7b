import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { Problem, asProblem } from "@jackfield/problem/problem";
import { printPosition, type Position } from "@jackfield/spec/event/position";
import type { Events } from "./connection.ts";
import { Feed } from "./feed.ts";
import { readDelivery, type LogEntry } from "./log-entry.ts";
import { pause } from "./pause.ts";
import { Pull, type Delivery } from "./pull.ts";
import { streamState, type StreamState } from "./stream.ts";

/** Messages that are not in the stream any more: `trimmed` from its start (the tracker's log has them), or `missing` inside it. */
export interface Gap {
  from: Position;
  to: Position;
  why: "trimmed" | "missing";
}

export interface ReadLogOptions {
  /** The last position that was read; undefined = from the beginning of the stream. */
  from: Position | undefined;
  /** Ends the reading; what was handed over is finished first. */
  signal: AbortSignal;
  maxBatch?: number;
  /** Called with one batch at a time, in stream order. While it runs the next one is fetched and decoded. What it throws ends the reading. */
  onBatch: (batch: LogEntry[]) => Promise<void>;
  /** Everything that the stream held was handed over. */
  onIdle?: () => void;
  onGap?: (gap: Gap) => void;
  /** The stream is another one than that of `from`: reading goes on at its beginning, in its epoch. What it throws ends the reading. */
  onRemade?: (from: Position, now: StreamState) => void;
  /** Reading is interrupted and tried again. */
  onProblem?: (problem: Problem) => void;
}

/** For `onRemade`: whoever cannot go on with another stream stops. @throws Problem E_STREAM_BEHIND. */
export function stopWhenRemade(from: Position, now: StreamState): never {
  throw behind(from, `it was made anew at ${now.created}`);
}

/**
 * Reads the log in stream order, each message once, until the signal aborts. Every batch begins at the position after the
 * last one; whatever does not (a consumer that fell silent, a killed server) is begun anew from there.
 * @throws Problem E_STREAM_BEHIND when the same stream ends before `from`; what `onBatch` or `onRemade` throw.
 */
export async function readLog(events: Events, options: ReadLogOptions): Promise<void> {
  const reader = new LogReader(events, options);
  const stop = (): void => reader.stop();
  options.signal.addEventListener("abort", stop);
  try {
    await reader.run();
  } finally {
    options.signal.removeEventListener("abort", stop);
    reader.stop();
  }
}

class LogReader {
  readonly #events: Events;
  readonly #options: ReadLogOptions;
  readonly #maxBatch: number;
  readonly #feed = new Feed<LogEntry>();
  readonly #stopped = new AbortController();
  /** Where the next message must be; undefined until the stream was seen. */
  #next: Position | undefined;
  #pull: Pull | undefined;
  #attempt = 0;
  /** A hole that one consumer showed; it is believed when the next consumer shows the same. */
  #hole = "";
  #caughtUp = false;

  constructor(events: Events, options: ReadLogOptions) {
    this.#events = events;
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 500;
    const { from } = options;
    this.#next = from === undefined ? undefined : { ...from, sequence: from.sequence + 1 };
    if (options.signal.aborted) this.#stopped.abort();
  }

  stop(): void {
    this.#stopped.abort();
    this.#pull?.stop();
    this.#feed.end();
  }

  async run(): Promise<void> {
    const fetching = this.#fetch().then(
      () => this.#feed.end(),
      (fault: unknown) => this.#feed.end(fault instanceof Error ? fault : asProblem(fault)),
    );
    for (;;) {
      const batch = await this.#feed.take(this.#maxBatch);
      if (batch.length === 0 || this.#stopped.signal.aborted) break;
      this.#refill();
      await this.#options.onBatch(batch);
      if (this.#caughtUp && this.#feed.size === 0) this.#options.onIdle?.();
    }
    this.stop();
    await fetching;
  }

  async #fetch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const state = await this.#tried(() => this.#stateNow());
      if (state === undefined) continue;
      const next = this.#align(state);
      const consumer = await this.#tried(() => this.#addConsumer(next));
      if (consumer === undefined) continue;
      const lost = await this.#follow(consumer, next.sequence > state.last);
      if (lost === undefined) return;
      this.#options.onProblem?.(new Problem("E_STORE_DOWN", `Reading the stream was interrupted: ${lost}.`));
      await this.#pauseAfterFault();
    }
  }

  /** Work that NATS may refuse for a while; undefined = not this time. */
  async #tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (this.#stopped.signal.aborted) return undefined;
      if (this.#events.connection.isClosed()) throw error;
      this.#options.onProblem?.(asProblem(error));
      await this.#pauseAfterFault();
      return undefined;
    }
  }

  #pauseAfterFault(): Promise<void> {
    this.#attempt += 1;
    return pause(this.#attempt, this.#stopped.signal);
  }

  async #stateNow(): Promise<StreamState> {
    await this.#events.whenConnected(this.#stopped.signal);
    const state = await streamState(this.#events);
    if (state !== undefined) return state;
    throw new Problem("E_STORE_DOWN", `NATS holds no stream ${this.#events.stream}.`, {
      next: "start the services that make it (`jackfield up`)",
    });
  }

  /** A consumer beyond the end of the stream waits in silence for ever, so the place is checked before each one. */
  #align(state: StreamState): Position {
    let next = this.#next ?? { epoch: state.epoch, sequence: state.first };
    const last = { ...next, sequence: next.sequence - 1 };
    if (next.epoch !== state.epoch) {
      this.#options.onRemade?.(last, state);
      next = { epoch: state.epoch, sequence: state.first };
    } else if (last.sequence > state.last) {
      throw behind(last, `it ends at ${printPosition({ epoch: state.epoch, sequence: state.last })}`);
    } else if (next.sequence < state.first) {
      this.#options.onGap?.({ from: next, to: { ...next, sequence: state.first - 1 }, why: "trimmed" });
      next = { ...next, sequence: state.first };
    }
    this.#next = next;
    return next;
  }

  async #addConsumer(next: Position): Promise<string> {
    const { name } = await this.#events.manager.consumers.add(this.#events.stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: next.sequence,
      inactive_threshold: nanos(60_000),
      mem_storage: true,
      num_replicas: 1,
    });
    return name;
  }

  /** Reads from this consumer until it is lost; resolves with the reason, or undefined when the reading was stopped. */
  async #follow(consumer: string, atEnd: boolean): Promise<string | undefined> {
    const { stream } = this.#events;
    const reason = await new Promise<string | undefined>((resolve) => {
      const { signal } = this.#stopped;
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
      if (signal.aborted) resolve(undefined);
      this.#pull = new Pull(this.#events, {
        stream,
        consumer,
        onMessage: (delivery) => this.#accept(delivery, resolve),
        onDrained: () => this.#refill(),
        onLost: resolve,
      });
      this.#refill();
      if (atEnd && this.#feed.size === 0) this.#options.onIdle?.();
    });
    this.#pull?.stop();
    // It would go by itself after a minute; a closed connection leaves it to that.
    void this.#events.manager.consumers.delete(stream, consumer).catch(() => undefined);
    return reason;
  }

  #accept(delivery: Delivery, lose: (reason: string) => void): void {
    const next = this.#next;
    if (next === undefined) return;
    const found = delivery.sequence;
    if (found !== next.sequence && !this.#isRealGap(next, found)) {
      this.#pull?.stop();
      lose(`${found} came where ${next.sequence} was due`);
      return;
    }
    const position = { epoch: next.epoch, sequence: found };
    this.#next = { epoch: next.epoch, sequence: found + 1 };
    this.#attempt = 0;
    this.#caughtUp = delivery.behind === 0;
    const { subject } = delivery.message;
    const read = readDelivery(delivery, this.#events.subjectRoot);
    this.#feed.push({ position, subject, storedMs: delivery.storedMs, ...read });
  }

  #isRealGap(next: Position, found: number): boolean {
    const hole = `${next.sequence} to ${found}`;
    const seenBefore = hole === this.#hole;
    this.#hole = hole;
    if (!seenBefore || found < next.sequence) return false;
    this.#options.onGap?.({ from: next, to: { ...next, sequence: found - 1 }, why: "missing" });
    return true;
  }

  /** Keeps up to two batches on their way or waiting, so that one is there when the one before is done. */
  #refill(): void {
    const pull = this.#pull;
    if (pull === undefined) return;
    const room = 2 * this.#maxBatch - this.#feed.size - pull.pending;
    if (room >= this.#maxBatch) pull.ask(room);
  }
}

const behind = (from: Position, why: string): Problem =>
  new Problem("E_STREAM_BEHIND", `The stream is not the one that was read up to ${printPosition(from)}.`, {
    why,
    next: "rebuild the stream from the tracker's log, or start this reader anew",
  });
