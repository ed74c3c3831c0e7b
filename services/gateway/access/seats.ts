import { Problem } from "@jackfield/problem/problem";
import { EdgeProblem } from "../problem-answer.ts";

/** Places for live streams: so many in all, and so many for one token. */
export class Seats {
  readonly #most: { all: number; each: number };
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(most: { all: number; each: number }) {
    this.#most = most;
  }

  /** Takes a place; the answer gives it back. @throws EdgeProblem 429, Problem E_BUSY (503) */
  take(token: string | undefined): () => void {
    const own = token === undefined ? 0 : (this.#taken.get(token) ?? 0);
    const next = "end one that is not needed, or come again in a moment";
    if (own >= this.#most.each)
      throw new EdgeProblem(429, "E_BUSY", {
        what: `This token has ${own} live streams, which is as many as it may.`,
        next,
        retryAfterSeconds: 5,
      });
    if (this.#all >= this.#most.all)
      throw new Problem("E_BUSY", `${this.#all} live streams are open, which is as many as can be.`, {
        next,
      });
    this.#all += 1;
    if (token !== undefined) this.#taken.set(token, own + 1);
    return () => {
      this.#all -= 1;
      if (token === undefined) return;
      const left = (this.#taken.get(token) ?? 1) - 1;
      if (left > 0) this.#taken.set(token, left);
      else this.#taken.delete(token);
    };
  }
}
