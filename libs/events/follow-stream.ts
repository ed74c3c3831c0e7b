import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Position } from "@jackfield/spec/event/position";
import type { Events } from "./connection.ts";
import { readDelivery, type LogEntry } from "./log-entry.ts";
import { Pull, type Delivery } from "./pull.ts";
import { streamState } from "./stream.ts";

/** The last message that was read, and when it was stored: by that it is known again. */
export interface Read {
  position: Position;
  storedMs: number | undefined;
}

/** Why following ended: it was lost, the stream shows a later message than the due one, or other messages than were read. */
export type Ending =
  | { kind: "stopped" }
  | { kind: "lost"; reason: string }
  | { kind: "hole"; found: number }
  | { kind: "replaced" };

export interface FollowOptions {
  last: Read;
  /** Can the last message be looked at once more? Not when it was trimmed, or nobody knows when it was stored. */
  lookAgain: boolean;
  signal: AbortSignal;
  maxBatch: number;
  /** How many entries wait to be dealt with. */
  waiting: () => number;
  onEntry: (entry: LogEntry, behind: number) => void;
}

const lookEveryMs = 5_000;

/** Reads the stream through one consumer, in order and without a hole, until that ends. */
export class FollowStream {
  readonly #events: Events;
  readonly #options: FollowOptions;
  #next: Position;
  #looksAgain: boolean;
  #pull: Pull | undefined;
  #end: (ending: Ending) => void = () => undefined;

  constructor(events: Events, options: FollowOptions) {
    this.#events = events;
    this.#options = options;
    this.#looksAgain = options.lookAgain;
    const { epoch, sequence } = options.last.position;
    this.#next = { epoch, sequence: sequence + 1 };
  }

  async run(): Promise<Ending> {
    const { signal } = this.#options;
    const { stream, manager } = this.#events;
    const { name } = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#next.sequence - (this.#looksAgain ? 1 : 0),
      inactive_threshold: nanos(60_000),
      mem_storage: true,
      num_replicas: 1,
    });
    const stop = (): void => this.#end({ kind: "stopped" });
    signal.addEventListener("abort", stop);
    const looking = setInterval(() => void this.#look(), lookEveryMs).unref();
    const ending = await new Promise<Ending>((resolve) => {
      this.#end = resolve;
      if (signal.aborted) stop();
      this.#pull = new Pull(this.#events, {
        stream,
        consumer: name,
        onMessage: (delivery) => this.#accept(delivery),
        onDrained: () => this.refill(),
        onLost: (reason) => resolve({ kind: "lost", reason }),
      });
      this.refill();
    });
    signal.removeEventListener("abort", stop);
    clearInterval(looking);
    this.#pull?.stop();
    // The consumer goes by itself after a minute: who may delete consumers could delete those of handlers.
    return ending;
  }

  /** Keeps up to two batches on their way or waiting, so that one is there when the one before is done. */
  refill(): void {
    const pull = this.#pull;
    if (pull === undefined) return;
    const { maxBatch, waiting } = this.#options;
    const room = 2 * maxBatch - waiting() - pull.pending;
    if (room >= maxBatch) pull.ask(room);
  }

  /** A consumer may outlive the epoch that it was made in, or fall silent with its stream. */
  async #look(): Promise<void> {
    const state = await streamState(this.#events).catch(() => "unknown" as const);
    if (state === "unknown" || state?.epoch === this.#next.epoch) return;
    this.#stop({ kind: "lost", reason: "the stream is another one" });
  }

  #accept(delivery: Delivery): void {
    const { sequence: found, storedMs, message, behind } = delivery;
    if (this.#looksAgain && found < this.#next.sequence) {
      this.#looksAgain = false;
      if (storedMs !== this.#options.last.storedMs) this.#stop({ kind: "replaced" });
      return;
    }
    this.#looksAgain = false;
    if (found !== this.#next.sequence) {
      this.#stop({ kind: "hole", found });
      return;
    }
    const position = this.#next;
    this.#next = { ...position, sequence: found + 1 };
    const read = readDelivery(delivery, this.#events.subjectRoot);
    // Not a spread, which would make the digest of every event.
    this.#options.onEntry(Object.assign(read, { position, subject: message.subject, storedMs }), behind);
  }

  #stop(ending: Ending): void {
    this.#pull?.stop();
    this.#end(ending);
  }
}
