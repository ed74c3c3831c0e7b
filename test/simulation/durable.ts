import type { Agenda } from "./agenda.ts";
import type { Stored, Stream } from "./stream.ts";

/** One delivery to a handler. */
export interface Delivery {
  stored: Stored;
  count: number;
}

const ackWaitMs = 30_000;

/** A handler's durable consumer on the server: what is not acknowledged in time is delivered again. */
export class Durable {
  readonly #agenda: Agenda;
  readonly #stream: Stream;
  readonly #fits: (stored: Stored) => boolean;
  #next = 0;
  readonly #again: Stored[] = [];
  readonly #pending = new Map<number, { stored: Stored; count: number; untilMs: number }>();
  readonly #counts = new Map<number, number>();
  readonly #acknowledged: number[] = [];

  constructor(agenda: Agenda, stream: Stream, fits: (stored: Stored) => boolean) {
    this.#agenda = agenda;
    this.#stream = stream;
    this.#fits = fits;
  }

  pull(): Delivery | undefined {
    this.#expire();
    const stored = this.#again.shift() ?? this.#fresh();
    if (stored === undefined) return undefined;
    const count = (this.#counts.get(stored.sequence) ?? 0) + 1;
    this.#counts.set(stored.sequence, count);
    this.#pending.set(stored.sequence, { stored, count, untilMs: this.#agenda.nowMs + ackWaitMs });
    return { stored, count };
  }

  ack({ stored }: Delivery): void {
    if (this.#pending.delete(stored.sequence)) this.#acknowledged.push(stored.sequence);
  }

  working({ stored }: Delivery): void {
    const pending = this.#pending.get(stored.sequence);
    if (pending !== undefined) pending.untilMs = this.#agenda.nowMs + ackWaitMs;
  }

  /** A server that was killed forgets what it delivered and the last acknowledgements, and counts from one. */
  forget(): void {
    const last = this.#acknowledged.splice(-3);
    const forgotten = [...last, ...this.#pending.keys()].sort((a, b) => a - b);
    this.#pending.clear();
    for (const sequence of forgotten) {
      this.#counts.delete(sequence);
      const stored = this.#stream.messages[sequence - 1];
      if (stored !== undefined) this.#again.push(stored);
    }
  }

  #fresh(): Stored | undefined {
    while (this.#next < this.#stream.end) {
      const stored = this.#stream.messages[this.#next];
      this.#next += 1;
      if (stored !== undefined && this.#fits(stored)) return stored;
    }
    return undefined;
  }

  #expire(): void {
    for (const [sequence, { stored, untilMs }] of this.#pending) {
      if (untilMs > this.#agenda.nowMs) continue;
      this.#pending.delete(sequence);
      this.#again.push(stored);
    }
  }
}
