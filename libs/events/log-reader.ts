import { asProblem, type Problem } from "@jackfield/problem/problem";
import { comparePositions, type Position } from "@jackfield/spec/event/position";
import type { Events } from "./connection.ts";
import { Feed } from "./feed.ts";
import { FollowStream, type Ending, type Read } from "./follow-stream.ts";
import type { LogEntry } from "./log-entry.ts";
import { after, beforeAll, beforeFirst, placeAfter, type Gap } from "./log-place.ts";
import { interrupted, noStream, notReadYet, streamBehind } from "./log-problems.ts";
import { pause } from "./pause.ts";
import { natsProblem } from "./refused.ts";
import { streamState, type StreamState } from "./stream.ts";

/** What the log holds after a position, in order; everything up to `upTo` was looked at. */
export interface LogPage {
  entries: LogEntry[];
  upTo: Position;
}

export interface ReadLogOptions {
  /** The last position that was read; undefined = from the beginning. */
  from: Position | undefined;
  /** Ends the reading; what was handed over is finished first. */
  signal: AbortSignal;
  maxBatch?: number;
  /** Called with one batch at a time, in stream order. While it runs the next one is fetched and decoded. What it throws ends the reading. */
  onBatch: (batch: LogEntry[]) => Promise<void>;
  /** Everything that the stream held was handed over. */
  onIdle?: () => void;
  /** Where to read what the stream does not hold; without it reading goes on behind the gap. */
  history?: (from: Position) => Promise<LogPage>;
  /** Called once a gap, when everything before it is dealt with. What it throws ends the reading. */
  onGap?: (gap: Gap) => Promise<void> | void;
  /** There is no stream; without this, reading waits until somebody makes it. */
  onNoStream?: () => Promise<void>;
  /** The stream is not the one that was read up to here, and has no later epoch: it needs one. Without this, reading ends. */
  onBehind?: (last: Position) => Promise<void>;
  /** Reading is interrupted and tried again. */
  onProblem?: (problem: Problem) => void;
}

/**
 * Reads the log in stream order, each message once, until the signal aborts. Every batch begins at the position after the
 * last one; whatever does not (a consumer that fell silent, a killed server) is begun anew from there.
 * @throws Problem E_STREAM_BEHIND when the stream ends before `from`, or shows other messages than were read, and nobody
 * gives it a new epoch; what `onBatch` or `onGap` throw.
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
  #last: Read | undefined;
  #following: FollowStream | undefined;
  #attempt = 0;
  /** A hole that one consumer showed; it is believed when the next consumer shows the same. */
  #hole = "";
  #told: Gap["why"] | undefined;
  #caughtUp = false;

  constructor(events: Events, options: ReadLogOptions) {
    this.#events = events;
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 500;
    if (options.from !== undefined) this.#last = { position: options.from, storedMs: undefined };
    if (options.signal.aborted) this.#stopped.abort();
  }

  stop(): void {
    this.#stopped.abort();
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
      this.#following?.refill();
      await this.#options.onBatch(batch);
      if (this.#caughtUp && this.#feed.size === 0) this.#options.onIdle?.();
    }
    this.stop();
    await fetching;
  }

  async #fetch(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const state = await this.#tried(() => this.#stateNow());
      if (state === undefined) continue;
      const last = await this.#placed(state);
      if (last === undefined) continue;
      const ending = await this.#tried(() => this.#follow(last, state));
      if (ending !== undefined) await this.#heed(ending);
    }
  }

  /** Work that NATS or another service may refuse for a while; undefined = not this time. */
  async #tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (this.#stopped.signal.aborted) return undefined;
      if (this.#events.connection.isClosed()) throw error;
      await this.#interrupted(natsProblem(error, this.#events));
      return undefined;
    }
  }

  async #interrupted(problem: Problem): Promise<void> {
    this.#options.onProblem?.(problem);
    this.#attempt += 1;
    await pause(this.#attempt, this.#stopped.signal);
  }

  async #stateNow(): Promise<StreamState> {
    await this.#events.whenConnected(this.#stopped.signal);
    const state = await streamState(this.#events);
    if (state !== undefined) return state;
    await this.#options.onNoStream?.();
    throw noStream(this.#events.stream);
  }

  /** Where to follow the stream from; undefined while something else must be read, or decided, before that. */
  async #placed(state: StreamState): Promise<Read | undefined> {
    const start = { position: beforeFirst(state), storedMs: undefined };
    this.#last ??= this.#options.history === undefined ? start : undefined;
    if (this.#last === undefined) {
      await this.#begin(state, start);
      return undefined;
    }
    const place = placeAfter(this.#last.position, state);
    if (place.kind === "stream") return this.#last;
    if (place.kind === "gap") await this.#pass(place.gap);
    else await this.#behind(this.#last.position);
    return undefined;
  }

  /** A new reader begins with what is kept of earlier epochs. When nobody keeps it, the stream's beginning is all there is. */
  async #begin({ first }: StreamState, start: Read): Promise<void> {
    const isWhole = first === 1;
    const page = await this.#tried(async () => {
      const found = await this.#options.history?.(beforeAll).catch((error: unknown) => {
        if (isWhole && asProblem(error).code === "E_UNREACHABLE") return undefined;
        throw error;
      });
      if (!isWhole && found?.upTo.epoch === beforeAll.epoch) throw notReadYet(beforeAll);
      return found ?? { entries: [], upTo: beforeAll };
    });
    if (page === undefined) return;
    if (page.upTo.epoch === beforeAll.epoch) this.#last = start;
    else this.#take(page);
  }

  async #pass(gap: Gap): Promise<void> {
    await this.#feed.idle();
    if (this.#stopped.signal.aborted) return;
    const { history, onGap } = this.#options;
    // What is read page by page from elsewhere is one gap all the same.
    if (history === undefined || this.#told !== gap.why) await onGap?.(gap);
    this.#told = gap.why;
    if (history === undefined) {
      this.#last = { position: gap.to, storedMs: undefined };
      return;
    }
    const from = { ...gap.from, sequence: gap.from.sequence - 1 };
    const page = await this.#tried(async () => {
      const found = await history(from);
      if (comparePositions(found.upTo, from) <= 0) throw notReadYet(from);
      return found;
    });
    if (page !== undefined) this.#take(page);
  }

  #take({ entries, upTo }: LogPage): void {
    this.#attempt = 0;
    this.#feed.push(...entries);
    this.#last = { position: upTo, storedMs: undefined };
  }

  async #behind(last: Position): Promise<void> {
    const { onBehind } = this.#options;
    if (onBehind === undefined) throw streamBehind(last);
    await this.#feed.idle();
    await this.#tried(() => onBehind(last));
    await this.#interrupted(streamBehind(last));
  }

  async #follow(last: Read, { first, last: end }: StreamState): Promise<Ending> {
    const { sequence } = last.position;
    this.#following = new FollowStream(this.#events, {
      last,
      lookAgain: last.storedMs !== undefined && sequence >= first,
      signal: this.#stopped.signal,
      maxBatch: this.#maxBatch,
      waiting: () => this.#feed.size,
      onEntry: (entry, behind) => this.#accept(entry, behind),
    });
    if (sequence >= end && this.#feed.size === 0) this.#options.onIdle?.();
    return this.#following.run();
  }

  #accept(entry: LogEntry, behind: number): void {
    this.#last = { position: entry.position, storedMs: entry.storedMs };
    this.#attempt = 0;
    this.#told = undefined;
    this.#caughtUp = behind === 0;
    this.#feed.push(entry);
  }

  async #heed(ending: Ending): Promise<void> {
    const last = this.#last?.position ?? beforeAll;
    if (ending.kind === "lost") {
      await this.#interrupted(interrupted(ending.reason));
    } else if (ending.kind === "replaced") await this.#behind(last);
    else if (ending.kind === "hole") await this.#believe(after(last), ending.found);
  }

  async #believe(next: Position, found: number): Promise<void> {
    const hole = `${next.epoch} ${next.sequence} ${found}`;
    const seenBefore = hole === this.#hole;
    this.#hole = hole;
    if (seenBefore && found > next.sequence)
      await this.#pass({ from: next, to: { ...next, sequence: found - 1 }, why: "missing" });
    else await this.#interrupted(interrupted(`${found} came where ${next.sequence} was due`));
  }
}
