import type { LogEntry } from "@jackfield/events/log-entry";
import type { Publisher } from "@jackfield/events/publish";
import * as store from "@jackfield/postgres/parked";
import { sourceOfService } from "@jackfield/spec/event/ids";
import {
  comparePositions,
  parsePosition,
  printPosition,
  type Position,
} from "@jackfield/spec/event/position";
import { deliveryParked, deliveryRedriven } from "@jackfield/spec/facts/delivery";
import type { LogFold } from "./define.ts";
import { parkedFact } from "./delivery-facts.ts";
import type { Log } from "./log.ts";
import { parkedEntry, parkedEventOf, parkedRow } from "./parked-entry.ts";
import { isTrouble } from "./trouble.ts";
import { waitFrom, type Waiting } from "./waiting.ts";

export interface ParkingParts {
  reader: string;
  fold: LogFold;
  db: Parameters<typeof store.untold>[0];
  publisher: Publisher;
  log: Log;
}

/** What fails and is parked together: an entry, or one that is redriven with the fact that redrives it. */
interface Unit {
  entries: LogEntry[];
  redriven?: store.ParkedRow;
}

const triesAlone = 3;

/**
 * Folds batches, and parks what cannot be folded: a batch that fails is repeated one by one, and what fails alone three
 * times is parked with its reason, in the transaction that moves the position. Faults of the stores park nothing; they
 * end the reading, which begins anew.
 */
export class Parking {
  readonly #parts: ParkingParts;
  readonly #waiting: Waiting;

  constructor(parts: ParkingParts) {
    this.#parts = parts;
    this.#waiting = waitFrom(parts.fold.position);
  }

  get position(): Position | undefined {
    return this.#parts.fold.position;
  }

  /** Resolves when the reader has passed this position. @throws Problem E_WAITED after 10 s */
  passed(position: Position): Promise<void> {
    return this.#waiting.until(position, 10_000);
  }

  async onBatch(batch: LogEntry[]): Promise<void> {
    await this.#foldOrPark(batch);
    const { position } = this.#parts.fold;
    if (position !== undefined) this.#waiting.reached(position);
  }

  async #foldOrPark(batch: LogEntry[]): Promise<void> {
    const units = await this.#unitsOf(batch);
    try {
      await this.#parts.fold.onBatch(units.flatMap(({ entries }) => entries));
    } catch (error) {
      if (this.#isOver(error)) throw error;
      this.#parts.log.warn(
        { event: "batch.failed", entries: batch.length, error: String(error) },
        "a batch could not be folded; its entries are tried one by one",
      );
      for (const unit of units) await this.#foldAlone(unit);
    }
  }

  /** Says what was parked and not said yet: also what a process that died left. Nothing waits for it. */
  tell(): void {
    this.#tell().catch((error: unknown) =>
      this.#parts.log.warn({ event: "parking.untold", error: String(error) }, "it is said at the next start"),
    );
  }

  async #tell(): Promise<void> {
    const { db, reader, publisher, log } = this.#parts;
    for (const row of await store.untold(db)) {
      const event = parkedEventOf(row);
      const { reason: detail, subject, times } = row;
      log.error(
        { event: "delivery.parked", position: printPosition(row), type: event?.type, times, detail },
        "something of the stream could not be folded and was parked: jackfield ls parked",
      );
      const fact = parkedFact({ reader, position: row, times, event }, { why: "failed", detail, subject });
      // A reader that cannot fold what it says itself must not say that for ever.
      if (event?.type !== deliveryParked.type) await publisher.publish(fact, { untilAccepted: true });
      await store.markTold(db, row);
    }
  }

  async #foldAlone(unit: Unit): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#parts.fold.onBatch(unit.entries);
        return;
      } catch (error) {
        if (this.#isOver(error)) throw error;
        if (tries === triesAlone)
          return this.#park(unit, error instanceof Error ? error.message : String(error));
      }
    }
  }

  #isOver(error: unknown): boolean {
    return isTrouble(error) || this.#parts.fold.broken?.aborted === true;
  }

  async #park({ entries, redriven }: Unit, reason: string): Promise<void> {
    const { db, fold } = this.#parts;
    const last = entries.at(-1);
    if (last === undefined) return;
    if (redriven === undefined) {
      await fold.pass(last, (from) => store.park(db, from, parkedRow(last, reason)));
    } else {
      await store.parkAgain(db, redriven, reason);
      await this.#foldAlone({ entries: [last] });
    }
    this.tell();
  }

  async #unitsOf(batch: readonly LogEntry[]): Promise<Unit[]> {
    const units: Unit[] = [];
    for (const entry of batch) {
      const redriven = await this.#redrivenBy(entry);
      if (redriven === undefined) units.push({ entries: [entry] });
      else units.push({ entries: [parkedEntry(redriven), entry], redriven });
    }
    return units;
  }

  /** What this entry hands to the reader again. It is so noted before it is tried: a crash in between repeats it. */
  async #redrivenBy({ event, position }: LogEntry): Promise<store.ParkedRow | undefined> {
    const { db, reader } = this.#parts;
    if (event?.type !== deliveryRedriven.type || event.source !== sourceOfService(reader)) return undefined;
    const said = deliveryRedriven.data.safeParse(event.data);
    const row = said.success ? await store.parkedAt(db, parsePosition(said.data.position)) : undefined;
    if (row === undefined) return undefined;
    const { redriven_epoch: epoch, redriven_sequence: sequence } = row;
    const byAnother = epoch !== null && comparePositions({ epoch, sequence: sequence ?? 0 }, position) !== 0;
    if (byAnother) return undefined;
    await store.markRedriven(db, row, position);
    return row;
  }
}
