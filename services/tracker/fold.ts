import type { LogEntry } from "@jackfield/events/log-entry";
import type { Gap } from "@jackfield/events/log-place";
import type { Database } from "@jackfield/postgres/database";
import { PositionLost } from "@jackfield/postgres/position";
import { inOneStatement } from "@jackfield/postgres/rows";
import type { Position } from "@jackfield/spec/event/position";
import pg from "pg";
import { changesOf, lost, type Changes } from "./changes.ts";
import { digestsInLog } from "./known.ts";
import { OpenQuestions } from "./open-questions.ts";
import { idsAsked } from "./sort-out.ts";
import { divisionByZero, unlessMoved, type Progress } from "./write/log.ts";
import { writesOf } from "./write/writes.ts";

const nothing: ReadonlyMap<string, string> = new Map();

/** The tracker's log, as the one process that is active writes it. */
export class Fold {
  /** Every type that is in the log. */
  readonly types: Set<string>;
  readonly #pool: pg.Pool;
  readonly #questions: OpenQuestions;
  #progress: Progress;

  /** Takes up the log where it ends. */
  static async open({ pool }: Pick<Database, "pool">): Promise<Fold> {
    return new Fold(pool, await readProgress(pool), new Set(await readTypes(pool)));
  }

  private constructor(pool: pg.Pool, progress: Progress, types: Set<string>) {
    this.#pool = pool;
    this.#progress = progress;
    this.types = types;
    this.#questions = new OpenQuestions(pool);
  }

  /** How far the log goes; sequence 0 before the first event. */
  get progress(): Progress {
    return this.#progress;
  }

  /**
   * Writes the next entries of the stream: events, what is withheld, projections and the position in one statement.
   * @throws PositionLost when another process writes; what PostgreSQL refuses. Nothing is written then
   */
  async persist(entries: readonly LogEntry[]): Promise<void> {
    const last = entries.at(-1);
    if (last === undefined) return;
    try {
      const questions = await this.#questions.answeredBy(entries, idsAsked(entries));
      await this.#write(changesOf(entries, { digests: nothing, questions }), last.position);
    } catch (error) {
      if (!isKeyTaken(error)) throw error;
      // Repeats and conflicts are rare, so only a batch that met one is compared with the log.
      const digests = await digestsInLog(this.#pool, entries);
      const questions = await this.#questions.answeredBy(entries, new Set());
      await this.#write(changesOf(entries, { digests, questions }), last.position);
    }
  }

  /** Notes that these positions were never there to be read, and goes on behind them. @throws PositionLost */
  async skip(gap: Gap, nowMs: number): Promise<void> {
    await this.#write(lost(gap, nowMs), gap.to);
  }

  /** The position was moved past an entry that is parked. */
  passed(position: Position): void {
    this.#progress = { ...this.#progress, position };
  }

  async #write(changes: Changes, position: Position): Promise<void> {
    const from = this.#progress;
    const to = {
      position,
      events: from.events + changes.kept.length,
      withheld: from.withheld + changes.withheld.length,
    };
    const types = changes.kept.map(({ event }) => event.type);
    const newTypes = [...new Set(types)].filter((type) => !this.types.has(type));
    const writes = writesOf(changes, newTypes, { from: from.position, to });
    await commit(this.#pool, inOneStatement(writes, unlessMoved));
    this.#progress = to;
    for (const type of newTypes) this.types.add(type);
    this.#questions.committed(changes.attempts.changes);
  }
}

const isKeyTaken = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.constraint === "events_key";

async function commit(pool: pg.Pool, statement: ReturnType<typeof inOneStatement>): Promise<void> {
  try {
    await pool.query(statement);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    // The place is taken, or the position is not where it was left: somebody else wrote.
    if (error.code === divisionByZero || error.constraint === "events_pkey")
      throw new PositionLost(undefined);
    throw error;
  }
}

async function readProgress(pool: pg.Pool): Promise<Progress> {
  const { rows } = await pool.query<{ epoch: number; sequence: number; events: number; withheld: number }>(
    "select epoch, sequence, events, withheld from position",
  );
  const [row] = rows;
  if (row === undefined) throw new PositionLost(undefined);
  const { epoch, sequence, events, withheld } = row;
  return { position: { epoch, sequence }, events, withheld };
}

async function readTypes(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ type: string }>("select type from types");
  return rows.map(({ type }) => type);
}
