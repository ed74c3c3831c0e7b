import type { Events } from "@jackfield/events/connection";
import { printJson } from "@jackfield/events/json-text";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { Gap } from "@jackfield/events/log-place";
import { readLog } from "@jackfield/events/log-reader";
import { pause } from "@jackfield/events/pause";
import { streamState, type StreamState } from "@jackfield/events/stream";
import { asProblem } from "@jackfield/problem/problem";
import type { Log } from "@jackfield/service/log";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import { comparePositions, printPosition, type Position } from "@jackfield/spec/event/position";

/** An event as every tail shows it; its text is made once, however many look on. */
export interface LiveEvent {
  position: Position;
  event: CloudEvent;
  at: string;
  text: string;
}

/** Positions that nobody can serve, and why. `position` is the last of them. */
export interface LiveGap {
  position: Position;
  gap: { from: Position; to: Position; why: string };
}

export type LiveItem = LiveEvent | LiveGap;

/** What the gateway holds of the log: everything after `floor`, up to and with `end`. */
export interface Held {
  floor: Position;
  end: Position;
}

const mostHeld = 4_096;
const repeatMs = 120_000;
/** At a rate at which two minutes are more than this, the oldest keys are forgotten sooner. */
const mostKeys = 65_536;

/** The one reader of the stream that all tails of this gateway share. */
export class LiveLog {
  readonly #events: Events;
  readonly #log: Log;
  #items: LiveItem[] = [];
  #held: Held | undefined;
  /** Key → when the stream took it: a repeat has a place in the stream, but none in the log. */
  readonly #seen = new Map<string, number>();
  #changed = signalling();

  constructor(events: Events, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  /** Undefined until the stream was found. */
  get held(): Held | undefined {
    return this.#held;
  }

  /** Reads until the signal aborts, again from the stream's end whenever the reading breaks. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      if (failures > 0) await pause(failures, signal);
      try {
        await this.#events.whenConnected(signal);
        const state = await streamState(this.#events);
        if (state === undefined) throw new Error(`there is no stream ${this.#events.stream}`);
        failures = 0;
        await this.#read(endOf(state), signal);
      } catch (thrown) {
        const error = asProblem(thrown).message;
        this.#log.warn({ event: "live.interrupted", error }, "the live tail begins anew");
      }
    }
    this.wake();
  }

  /** Items after a position, oldest first. */
  after(position: Position): LiveItem[] {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = this.#items[middle];
      if (item !== undefined && comparePositions(item.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return this.#items.slice(low);
  }

  /** Resolves when there is more, or when somebody wants everybody to look around. */
  changed(): Promise<void> {
    return this.#changed.given;
  }

  wake(): void {
    const { give } = this.#changed;
    this.#changed = signalling();
    give();
  }

  async #read(end: Position, signal: AbortSignal): Promise<void> {
    this.#beginAt(end);
    await readLog(this.#events, {
      from: end,
      signal,
      onBatch: async (batch) => {
        for (const entry of batch) this.#take(entry);
        this.#trim();
        this.wake();
      },
      onGap: (gap) => this.#skip(gap),
      onProblem: (problem) => this.#log.warn({ event: "live.waiting", code: problem.code }, problem.message),
    });
  }

  #beginAt(position: Position): void {
    this.#items = [];
    this.#held = { floor: position, end: position };
    // Perhaps nothing is written for long: who waits for the old end, or for the first one, looks at this one.
    this.wake();
  }

  #take(entry: LogEntry): void {
    const { position, event, storedMs } = entry;
    if (entry.refused === undefined && entry.restored === true) {
      // Perhaps the log has it from before; only the tracker knows, so whoever waits is served from there.
      this.#items = [];
      this.#held = { floor: position, end: position };
      return;
    }
    if (this.#held !== undefined) this.#held = { ...this.#held, end: position };
    if (event === undefined || this.#isRepeat(event, storedMs)) return;
    const at = new Date(storedMs).toISOString();
    const text = printJson({ position: printPosition(position), at, event });
    this.#items.push({ position, event, at, text });
  }

  #isRepeat(event: CloudEvent, storedMs: number): boolean {
    for (const [key, seenMs] of this.#seen) {
      if (storedMs - seenMs <= repeatMs && this.#seen.size < mostKeys) break;
      this.#seen.delete(key);
    }
    const key = eventKey(event);
    const seen = this.#seen.has(key);
    if (!seen) this.#seen.set(key, storedMs);
    return seen;
  }

  /** What was trimmed is in the tracker's log: whoever is before it is served from there. What is missing is nowhere. */
  async #skip({ from, to, why }: Gap): Promise<void> {
    const state = why === "remade" ? await streamState(this.#events) : undefined;
    // What it holds was read before. From its end on there are no repeats; what lies before comes from the tracker.
    if (state?.renewed === true) throw new Error("the stream was given a new epoch");
    if (why === "trimmed") this.#beginAt(to);
    else this.#addGap({ from, to, why: gapWords[why] });
  }

  #addGap(gap: LiveGap["gap"]): void {
    this.#items.push({ position: gap.to, gap });
    if (this.#held !== undefined) this.#held = { ...this.#held, end: gap.to };
    this.wake();
  }

  #trim(): void {
    if (this.#items.length <= 2 * mostHeld || this.#held === undefined) return;
    const dropped = this.#items.splice(0, this.#items.length - mostHeld).at(-1);
    if (dropped !== undefined) this.#held = { ...this.#held, floor: dropped.position };
  }
}

const gapWords = { missing: "the stream has lost these", remade: "the stream was made anew" };

export const endOf = ({ epoch, last }: StreamState): Position => ({ epoch, sequence: last });

function signalling(): { given: Promise<void>; give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}
