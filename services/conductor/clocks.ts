import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { decideClocks } from "./decide-clocks.ts";
import type { Desk } from "./desk.ts";
import { readToTheEnd } from "./read-to-the-end.ts";

/** A clock is looked at this often; one that is later than the lag was not looked at at all. */
const tickMs = 1_000;
const lagMs = 2_000;

/** Looks at every clock once a second; what ran out is decided in its turn. */
export class Clocks {
  readonly #deskNow: () => Desk;
  readonly #decideNow: (make: (now: string) => CloudEvent[]) => Promise<void>;
  readonly #ticker: NodeJS.Timeout;
  #tickedMs = performance.now();
  #judging = false;

  constructor(desk: () => Desk, decideNow: (make: (now: string) => CloudEvent[]) => Promise<void>) {
    this.#deskNow = desk;
    this.#decideNow = decideNow;
    this.#ticker = setInterval(() => void this.#tick(), tickMs).unref();
  }

  get #desk(): Desk {
    return this.#deskNow();
  }

  stop(): void {
    clearInterval(this.#ticker);
  }

  async #tick(): Promise<void> {
    const desk = this.#desk;
    const nowMs = performance.now();
    // A process that was stopped has heard nobody for that long.
    if (nowMs - this.#tickedMs > tickMs + lagMs) desk.renewAll();
    this.#tickedMs = nowMs;
    desk.live.expire(nowMs);
    const idle = desk.atWork.ready.size === 0 && desk.outbox.unsaved().length === 0;
    const ranOut = this.#ranOut(new Date().toISOString()).length > 0;
    if (this.#judging || (idle && !ranOut)) return;
    this.#judging = true;
    // What a clock says counts only when everything that was said before it has been read.
    if (ranOut) await readToTheEnd(desk).catch(() => desk.renewAll());
    const askedMs = performance.now();
    await this.#decideNow((now) => this.#judge(now, askedMs));
    this.#judging = false;
  }

  /** Not after a long wait for its turn either. */
  #judge(now: string, askedMs: number): CloudEvent[] {
    if (performance.now() - askedMs <= lagMs) return this.#ranOut(now);
    this.#desk.renewAll();
    return [];
  }

  #ranOut(now: string): CloudEvent[] {
    return decideClocks(this.#desk.atWork, this.#desk.surroundings(), now);
  }
}
