import { inOneStatement } from "@jackfield/postgres/rows";
import type { LogEntry } from "@jackfield/events/log-entry";
import type pg from "pg";
import { projectionsOf } from "./changes.ts";
import type { KeptEvent } from "./kept-event.ts";
import { OpenQuestions } from "./open-questions.ts";
import { idsAsked } from "./sort-out.ts";
import { writesOfProjections } from "./write/writes.ts";

/** The projections alone, from events that the log took: the same changes and the same writes as when they came. */
export class ProjectionsFold {
  readonly #pool: pg.Pool;
  readonly #questions: OpenQuestions;
  readonly #types = new Set<string>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    this.#questions = new OpenQuestions(pool);
  }

  async onBatch(entries: readonly LogEntry[]): Promise<void> {
    const kept = entries.filter((entry): entry is KeptEvent => entry.refused === undefined);
    const questions = await this.#questions.answeredBy(kept, idsAsked(kept));
    const projections = projectionsOf(kept, questions);
    const types = [...new Set(kept.map(({ event }) => event.type))].filter((type) => !this.#types.has(type));
    const writes = writesOfProjections(projections, types);
    if (writes.length > 0) await this.#pool.query(inOneStatement(writes, "select 1"));
    for (const type of types) this.#types.add(type);
    this.#questions.committed(projections.attempts.changes);
  }
}
