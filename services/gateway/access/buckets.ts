import { EdgeProblem } from "../problem-answer.ts";

/** So many may be remembered; who is forgotten begins with a full bucket. */
const mostBuckets = 10_000;

/** A bucket for each name: it holds `burst` drops, `perSecond` are added, and one request takes one. */
export class Buckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #held = new Map<string, { drops: number; atMs: number }>();

  constructor(perSecond: number, burst = 4 * perSecond) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** @throws EdgeProblem 429 that says when to come again */
  take(name: string, nowMs = performance.now()): void {
    const before = this.#held.get(name) ?? { drops: this.#burst, atMs: nowMs };
    const drops = Math.min(this.#burst, before.drops + ((nowMs - before.atMs) / 1_000) * this.#perSecond);
    // Taken out and put back, so that the first is the one that was silent longest.
    this.#held.delete(name);
    this.#held.set(name, { drops: Math.max(0, drops - 1), atMs: nowMs });
    const [oldest] = this.#held.keys();
    if (this.#held.size > mostBuckets && oldest !== undefined) this.#held.delete(oldest);
    if (drops >= 1) return;
    const seconds = Math.max(1, Math.ceil((1 - drops) / this.#perSecond));
    throw new EdgeProblem(429, "E_BUSY", {
      what: `More than ${this.#perSecond} requests a second is too many.`,
      next: `come again in ${seconds} s; many events go in one batch`,
      retryAfterSeconds: seconds,
    });
  }
}
