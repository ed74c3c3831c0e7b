import type { Position } from "@jackfield/spec/event/position";
import { printPosition } from "@jackfield/spec/event/position";
import type { Kysely, Transaction } from "kysely";

/** One row: how far a log reader has read. Each of them makes it in its first migration (README). */
export type PositionTables = { position: { singleton: boolean; epoch: number; sequence: number } };

/** Another process moved the position: this one is no longer the active one and must stop writing. */
export class PositionLost extends Error {
  constructor(expected: Position | undefined) {
    super(
      `The position is no longer ${expected === undefined ? "unset" : printPosition(expected)}: another process moved it`,
    );
    this.name = "PositionLost";
  }
}

/** How far this schema has read; undefined before the first event. */
export async function readPosition(db: Kysely<PositionTables>): Promise<Position | undefined> {
  return db.selectFrom("position").select(["epoch", "sequence"]).executeTakeFirst();
}

/**
 * Moves the position in the transaction that writes what was read, if it still stands where this process left it.
 * @throws PositionLost when it does not; the transaction must then be rolled back
 */
export async function movePosition(
  tx: Transaction<PositionTables>,
  from: Position | undefined,
  to: Position,
): Promise<void> {
  const { epoch, sequence } = to;
  const moved =
    from === undefined
      ? await tx
          .insertInto("position")
          .values({ singleton: true, epoch, sequence })
          .onConflict((conflict) => conflict.doNothing())
          .returning("epoch")
          .executeTakeFirst()
      : await tx
          .updateTable("position")
          .set({ epoch, sequence })
          .where("epoch", "=", from.epoch)
          .where("sequence", "=", from.sequence)
          .returning("epoch")
          .executeTakeFirst();
  if (moved === undefined) throw new PositionLost(from);
}
