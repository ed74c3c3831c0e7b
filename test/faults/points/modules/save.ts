/** The conductor's commit, with points before it, while PostgreSQL has the statement, and between commit and publish. */
import * as sound from "../../../../services/conductor/save.ts";
import { strikeAt } from "../strike-at.ts";

export * from "../../../../services/conductor/save.ts";

export const saveBatch: typeof sound.saveBatch = async (pool, batch, pins) => {
  if (batch.decided.length === 0) return sound.saveBatch(pool, batch, pins);
  strikeAt("before commit");
  const saving = sound.saveBatch(pool, batch, pins);
  setImmediate(() => strikeAt("in commit"));
  await saving;
  strikeAt("after commit");
};
