import { setTimeout as delay } from "node:timers/promises";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { LogPage } from "@jackfield/events/log-reader";
import { placesOfParked, parkedAt, type ParkedTables } from "@jackfield/postgres/parked";
import { openShadow, type Shadow } from "@jackfield/postgres/shadow";
import { hashState, type StateHash, type StateTables } from "@jackfield/postgres/state-hash";
import type { Database } from "@jackfield/postgres/database";
import { Problem } from "@jackfield/problem/problem";
import { comparePositions, printPosition, type Position } from "@jackfield/spec/event/position";
import { parkedEntry } from "./parked-entry.ts";

/** How a reader's state is made anew from the log: by the code that folds the stream, writing elsewhere. */
export interface Rebuildable {
  /** What is a fold of the log. */
  tables: StateTables;
  /** What the fold writes beside. */
  besides: readonly string[];
  /** The same fold on empty tables; it neither decides nor publishes. */
  foldOn(shadow: Database): Promise<CopyFold> | CopyFold;
  /** Where the log is read from when it is not the tracker's question. */
  log?: (from: Position) => Promise<LogPage>;
  /** Does something while nothing is folded; afterwards memory begins from the database. */
  still(work: () => Promise<void>): Promise<void>;
}

export interface CopyFold {
  onBatch(batch: LogEntry[]): Promise<void>;
  /** Resolves when everything that it was given is written. */
  flush?(): Promise<void>;
}

export interface Rebuilt {
  position: Position | undefined;
  live: StateHash;
  rebuilt: StateHash;
  events: number;
}

export interface RebuildParts {
  database: Database;
  rebuildable: Rebuildable;
  /** Pages of the log after a position. */
  log: (from: Position) => Promise<LogPage>;
  /** Told after each batch. */
  onProgress: (events: number) => void;
}

/** Makes the state anew beside the live one, up to where that stands, and compares. Reading and folding go on meanwhile. */
export async function checkState(parts: RebuildParts): Promise<Rebuilt> {
  const { database, rebuildable } = parts;
  const { position, ...live } = await hashState(database.pool, rebuildable.tables);
  await using copy = await Copy.open(parts);
  await copy.foldUpTo(position);
  const { position: _, ...rebuilt } = await hashState(copy.shadow.pool, rebuildable.tables);
  return { position, live, rebuilt, events: copy.events };
}

/** Makes the state anew and puts it in the place of the live one, which stands still only for the last few events. */
export async function replaceState(parts: RebuildParts): Promise<Rebuilt> {
  const { database, rebuildable } = parts;
  await using copy = await Copy.open(parts);
  await copy.foldUpTo(await positionOf(database));
  let result: Rebuilt | undefined;
  await rebuildable.still(async () => {
    const { position, ...live } = await hashState(database.pool, rebuildable.tables);
    await copy.foldUpTo(position);
    const { position: _, ...rebuilt } = await hashState(copy.shadow.pool, rebuildable.tables);
    await copy.shadow.replace(async (client) => {
      const { rows } = await client.query<Position>(
        `select epoch, sequence from ${database.schema}.position`,
      );
      if (printed(rows[0]) !== printed(position)) throw moved();
    });
    result = { position, live, rebuilt, events: copy.events };
  });
  if (result === undefined) throw moved();
  return result;
}

const printed = (position: Position | undefined): string =>
  position === undefined ? "" : printPosition(position);

const moved = (): Problem =>
  new Problem("E_STATE", "Another process went on with this state while it was made anew.", {
    next: "ask again",
  });

async function positionOf({ pool }: Database): Promise<Position | undefined> {
  const { rows } = await pool.query<Position>("select epoch, sequence from position");
  return rows[0];
}

const start: Position = { epoch: 0, sequence: 0 };
/** Many small pages become one transaction. */
const atOnce = 5_000;
const waitMs = 100;
const mostWaits = 100;

/** A second state, and how far it is folded. */
class Copy implements AsyncDisposable {
  readonly shadow: Shadow;
  events = 0;
  readonly #parts: RebuildParts;
  readonly #fold: CopyFold;
  #reached = start;

  static async open(parts: RebuildParts): Promise<Copy> {
    const { tables, besides } = parts.rebuildable;
    const shadow = await openShadow(parts.database, Object.keys(tables), besides);
    return new Copy(parts, shadow, await parts.rebuildable.foldOn(shadow));
  }

  private constructor(parts: RebuildParts, shadow: Shadow, fold: CopyFold) {
    this.#parts = parts;
    this.shadow = shadow;
    this.#fold = fold;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shadow.close();
  }

  /** Folds what the log holds up to here. @throws Problem E_WAITED when the log does not go so far */
  async foldUpTo(end: Position | undefined): Promise<void> {
    if (end === undefined) return;
    const parked = await this.#parked();
    let ahead: Promise<LogPage> | undefined;
    let batch: LogEntry[] = [];
    while (comparePositions(this.#reached, end) < 0) {
      const { entries, upTo } = await (ahead ?? this.#page(this.#reached));
      const goesOn = comparePositions(upTo, end) < 0;
      // The next page comes while this one is folded; when that fails, nobody looks at the page.
      ahead = goesOn ? this.#page(upTo) : undefined;
      ahead?.catch(() => undefined);
      batch.push(...entries.filter(({ position }) => comparePositions(position, end) <= 0));
      this.#reached = goesOn ? upTo : end;
      if (batch.length < atOnce && goesOn) continue;
      await this.#foldBatch(await parked(batch));
      batch = [];
    }
    await this.#fold.flush?.();
    this.#parts.onProgress(this.events);
  }

  async #foldBatch(entries: LogEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#fold.onBatch(entries);
    this.events += entries.length;
    this.#parts.onProgress(this.events);
  }

  /** The log may be a moment behind the reader. */
  async #page(from: Position): Promise<LogPage> {
    for (let waits = 0; waits < mostWaits; waits += 1) {
      const page = await this.#parts.log(from);
      if (comparePositions(page.upTo, from) > 0) return page;
      await delay(waitMs);
    }
    throw new Problem("E_WAITED", `The tracker's log does not go beyond ${printPosition(from)} yet.`, {
      next: "ask again when the tracker has caught up",
    });
  }

  /** What the live state did not fold at its place, but where it was redriven, is treated so here. */
  async #parked(): Promise<(batch: LogEntry[]) => Promise<LogEntry[]>> {
    const db = this.#parts.database.kysely.withTables<ParkedTables>();
    const places = await placesOfParked(db);
    if (places.parked.size === 0) return async (batch) => batch;
    return async (batch) => {
      const entries: LogEntry[] = [];
      for (const entry of batch) {
        const here = printPosition(entry.position);
        if (places.parked.has(here)) continue;
        const redriven = places.redrivenBy.get(here);
        const row = redriven === undefined ? undefined : await parkedAt(db, redriven);
        if (row !== undefined) entries.push(parkedEntry(row));
        entries.push(entry);
      }
      return entries;
    };
  }
}
