import type { LogEntry } from "@jackfield/events/log-entry";
import type pg from "pg";
import { questionsInLog } from "./known.ts";
import type { AttemptChange, Question } from "./projections/attempts.ts";
import { idsAnswered } from "./sort-out.ts";

/** Open attempts are as many as handlers have slots, so nearly every answer finds its question here. */
const maxHeld = 10_000;

/** The questions that wait for their answer, in memory; any other is looked up. */
export class OpenQuestions {
  readonly #pool: pg.Pool;
  readonly #held = new Map<string, Question>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** What these entries answer: from memory, else from the log. Not looked up are those among the entries: `askedHere`. */
  async answeredBy(
    entries: readonly LogEntry[],
    askedHere: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, Question>> {
    const missing = idsAnswered(entries).filter((id) => !this.#held.has(id) && !askedHere.has(id));
    if (missing.length === 0) return this.#held;
    const found = await questionsInLog(this.#pool, [...new Set(missing)]);
    return new Map([...this.#held, ...found.map((question) => [question.triggeredid, question] as const)]);
  }

  /** To be told after the commit only. */
  committed(changes: readonly AttemptChange[]): void {
    for (const { question, finished } of changes) {
      if (finished === undefined && !question.finished) this.#held.set(question.triggeredid, question);
      else this.#held.delete(question.triggeredid);
    }
    for (const id of this.#held.keys()) {
      if (this.#held.size <= maxHeld) break;
      this.#held.delete(id);
    }
  }
}
