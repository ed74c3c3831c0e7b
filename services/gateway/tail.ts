import type { Events } from "@jackfield/events/connection";
import { printJson } from "@jackfield/events/json-text";
import { pause } from "@jackfield/events/pause";
import { streamState } from "@jackfield/events/stream";
import { asProblem, reportOf } from "@jackfield/problem/problem";
import { askService } from "@jackfield/service/answer";
import * as tracker from "@jackfield/spec/ask/tracker";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { matches, type Filter } from "@jackfield/cesql/filter";
import {
  comparePositions,
  parsePosition,
  printPosition,
  type Position,
} from "@jackfield/spec/event/position";
import type { z } from "zod";
import type { EventSink } from "./event-sink.ts";
import type { Render } from "./formats.ts";
import { endOf, type LiveGap, type LiveLog } from "./live-log.ts";
import { gapBetween, nextFrom, positionAfter } from "./tail-plan.ts";

export interface Wanted {
  project?: string | undefined;
  correlationid?: string | undefined;
  filter?: { text: string; parsed: Filter } | undefined;
}

/** Who reads a tail: each `send` resolves when the next may come. */
export type Sink = Pick<EventSink, "signal" | "busy" | "send" | "end">;

export interface TailParts {
  events: Events;
  live: LiveLog;
  sink: Sink;
  wanted: Wanted;
  /** Tells events in another language; without it as they are, in a text that all tails share. */
  render?: Render | undefined;
  heartbeatMs: number;
}

type Told = Parameters<Render>[0];
type Page = z.output<typeof tracker.events.answer>;

const historyWithinMs = 12_000;

/** One live tail: from a position on, each event of the log once and in order, until the reader goes. */
export class Tail {
  readonly #parts: TailParts;
  /** The reader has, or does not want, everything up to here. */
  #position: Position;
  #pageSize = 200;

  constructor(parts: TailParts, from: Position) {
    this.#parts = parts;
    this.#position = from;
  }

  async run(): Promise<void> {
    const { live, sink, heartbeatMs } = this.#parts;
    sink.signal.addEventListener("abort", () => live.wake());
    const heart = setInterval(() => {
      if (!sink.busy) void this.#beat();
    }, heartbeatMs);
    try {
      await this.#beat();
      for (let attempt = 1; !sink.signal.aborted; attempt += 1) {
        if (await this.#step()) attempt = 0;
        else await pause(attempt, sink.signal);
      }
    } finally {
      clearInterval(heart);
      sink.end();
    }
  }

  /** One step on; false when it did not work out and is to be tried again. */
  async #step(): Promise<boolean> {
    const { live } = this.#parts;
    const changed = live.changed();
    const { held } = live;
    switch (held === undefined ? "wait" : nextFrom(this.#position, held)) {
      case "history":
        return this.#sendHistory(held?.floor ?? this.#position);
      case "held":
        await this.#sendHeld(held?.end ?? this.#position);
        return true;
      case "ahead":
        if (await this.#isWritten()) await changed;
        return true;
      case "wait":
        await changed;
        return true;
    }
  }

  async #sendHeld(end: Position): Promise<void> {
    const { live, sink } = this.#parts;
    for (const item of live.after(this.#position)) {
      if (sink.signal.aborted) return;
      const before = this.#position;
      this.#position = item.position;
      if ("gap" in item) await this.#tellGap(item.gap);
      else if (this.#isWanted(item.event)) await this.#tell(item, item.text, before);
    }
    if (comparePositions(this.#position, end) < 0) this.#position = end;
  }

  /** A page from the tracker's log. While the tracker is away this waits; the heartbeat goes on. */
  async #sendHistory(floor: Position): Promise<boolean> {
    const { sink } = this.#parts;
    const page = await this.#askPage(floor);
    if (page === undefined) return false;
    for (const logged of page.events) {
      if (sink.signal.aborted) return true;
      const position = parsePosition(logged.position);
      const gap = gapBetween(this.#position, position);
      if (gap !== undefined) await this.#tellGap(gap);
      const before = this.#position;
      this.#position = position;
      await this.#tell(logged, printJson(logged), before);
    }
    this.#position = positionAfter(page, floor);
    return true;
  }

  async #askPage(floor: Position): Promise<Page | undefined> {
    const { events, sink, wanted } = this.#parts;
    const { project, correlationid, filter } = wanted;
    const input = {
      after: printPosition(floor),
      order: "oldest" as const,
      limit: this.#pageSize,
      ...(this.#position.epoch > 0 && { cursor: printPosition(this.#position) }),
      ...(project !== undefined && { project }),
      ...(correlationid !== undefined && { correlationid }),
      ...(filter !== undefined && { filter: filter.text }),
    };
    try {
      return await askService(events, tracker.events, input, { timeoutMs: historyWithinMs });
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.code === "E_TOO_LARGE" && this.#pageSize > 1) this.#pageSize = this.#pageSize >> 1;
      else if (!problem.retriable) {
        await sink.send("problem", printPosition(this.#position), printJson(reportOf(problem)));
        sink.end();
      }
      return undefined;
    }
  }

  /** Has the stream this position? The answer to a publisher may come before the gateway has read it back. */
  async #isWritten(): Promise<boolean> {
    const state = await streamState(this.#parts.events).catch(() => undefined);
    if (state === undefined) return true;
    const end = endOf(state);
    if (this.#position.epoch === end.epoch && comparePositions(this.#position, end) <= 0) return true;
    const from = { ...this.#position };
    this.#position = this.#parts.live.held?.end ?? end;
    await this.#tellGap({ from, to: this.#position, why: "the stream has no such position" });
    return false;
  }

  #isWanted(event: CloudEvent): boolean {
    const { project, correlationid, filter } = this.#parts.wanted;
    return (
      (project === undefined || event.project === project) &&
      (correlationid === undefined || event.correlationid === correlationid) &&
      (filter === undefined || matches(filter.parsed, event))
    );
  }

  /** One event, which another language may say as none or several; only with the last of them it is passed. */
  async #tell({ event, at }: Told, text: string, before: Position): Promise<void> {
    const { sink, render } = this.#parts;
    const position = printPosition(this.#position);
    if (render === undefined) return sink.send("cloudevent", position, text);
    const said = render({ event, at });
    for (const [index, { name, body }] of said.entries()) {
      const id = index === said.length - 1 ? position : printPosition(before);
      await sink.send(name, id, printJson({ position, at, event: body }));
    }
  }

  #tellGap({ from, to, why }: LiveGap["gap"]): Promise<void> {
    const data = { from: printPosition(from), to: printPosition(to), why };
    return this.#parts.sink.send("gap", printPosition(to), printJson(data));
  }

  /** Its id moves the reader on, so that one whose filter lets nothing through need not look at it all again. */
  #beat(): Promise<void> {
    const position = printPosition(this.#position);
    return this.#parts.sink.send("heartbeat", position, printJson({ position }));
  }
}
