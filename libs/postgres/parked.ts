import type { ColumnType, Generated, Kysely } from "kysely";
import { printPosition, type Position } from "@jackfield/spec/event/position";
import { movePosition, type PositionTables } from "./position.ts";

/** What a reader could not fold. Each of them makes this table, and `position`, in its migrations (README). */
export type ParkedTables = PositionTables & {
  parked: {
    epoch: number;
    sequence: number;
    /** When the stream took it. */
    at: ColumnType<Date, Date, never>;
    subject: string;
    /** What came: an event as JSON, or the bytes that are none. */
    body: Buffer;
    /** Of an event; the rest of what is no event is in `refused`, as JSON. */
    digest: string | null;
    refused: string | null;
    reason: string;
    /** How often it was parked. */
    times: Generated<number>;
    /** Where the `delivery.redriven` lies by which it was handed to the reader again. */
    redriven_epoch: number | null;
    redriven_sequence: number | null;
    /** Was the fact of the last parking published? */
    told: Generated<boolean>;
  };
};

export type ParkedRow = Omit<ParkedTables["parked"], "at" | "times" | "told"> & {
  at: Date;
  times: number;
  told: boolean;
};

type Db = Kysely<ParkedTables>;

/** What is parked for the first time. */
export type NewlyParked = Pick<
  ParkedRow,
  "epoch" | "sequence" | "at" | "subject" | "body" | "digest" | "refused" | "reason"
>;

/**
 * Parks an entry in the transaction that moves the position past it.
 * @throws PositionLost when another process moved the position; then nothing is parked
 */
export const park = (db: Db, from: Position | undefined, row: NewlyParked): Promise<void> =>
  db.transaction().execute(async (tx) => {
    // movePosition needs this one table of the two; Kysely's transactions are invariant in their tables.
    await movePosition(tx.withTables(), from, { epoch: row.epoch, sequence: row.sequence });
    await tx.insertInto("parked").values(row).execute();
  });

const at = (db: Db, { epoch, sequence }: Position) =>
  db.updateTable("parked").where("epoch", "=", epoch).where("sequence", "=", sequence);

/** It is handed to its reader again by the fact at this position; undone by `parkAgain`. */
export async function markRedriven(db: Db, position: Position, by: Position): Promise<void> {
  await at(db, position).set({ redriven_epoch: by.epoch, redriven_sequence: by.sequence }).execute();
}

/** It failed again. */
export async function parkAgain(db: Db, position: Position, reason: string): Promise<void> {
  await at(db, position)
    .set((row) => ({
      reason,
      times: row("times", "+", 1),
      redriven_epoch: null,
      redriven_sequence: null,
      told: false,
    }))
    .execute();
}

export async function markTold(db: Db, row: Pick<ParkedRow, "epoch" | "sequence" | "times">): Promise<void> {
  // Parked once more meanwhile: that is still to be told.
  await at(db, row).where("times", "=", row.times).set({ told: true }).execute();
}

/** Parked and not yet told, in stream order. */
export const untold = (db: Db): Promise<ParkedRow[]> =>
  db
    .selectFrom("parked")
    .selectAll()
    .where("told", "=", false)
    .orderBy("epoch")
    .orderBy("sequence")
    .limit(500)
    .execute();

export const parkedAt = (db: Db, { epoch, sequence }: Position): Promise<ParkedRow | undefined> =>
  db
    .selectFrom("parked")
    .selectAll()
    .where("epoch", "=", epoch)
    .where("sequence", "=", sequence)
    .executeTakeFirst();

/** What waits to be redriven, in stream order, beyond a cursor. */
export const parkedAfter = (db: Db, cursor: Position | undefined, limit: number): Promise<ParkedRow[]> =>
  db
    .selectFrom("parked")
    .selectAll()
    .where("redriven_epoch", "is", null)
    .$if(cursor !== undefined, (query) =>
      query.where((where) =>
        where(
          where.refTuple("epoch", "sequence"),
          ">",
          where.tuple(cursor?.epoch ?? 0, cursor?.sequence ?? 0),
        ),
      ),
    )
    .orderBy("epoch")
    .orderBy("sequence")
    .limit(limit)
    .execute();

/** Where something was parked, and by which facts it was redriven: positions as text. */
export async function placesOfParked(
  db: Db,
): Promise<{ parked: Set<string>; redrivenBy: Map<string, Position> }> {
  const rows = await db
    .selectFrom("parked")
    .select(["epoch", "sequence", "redriven_epoch", "redriven_sequence"])
    .execute();
  const redrivenBy = rows.flatMap(({ epoch, sequence, redriven_epoch, redriven_sequence }) => {
    if (redriven_epoch === null || redriven_sequence === null) return [];
    const by = printPosition({ epoch: redriven_epoch, sequence: redriven_sequence });
    return [[by, { epoch, sequence }] as const];
  });
  return { parked: new Set(rows.map(printPosition)), redrivenBy: new Map(redrivenBy) };
}
