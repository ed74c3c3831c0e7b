import { evolve } from "./evolve.ts";
import type { Catalogue } from "./facts.ts";
import { noRows, type Change, type Entry, type Rows } from "./state.ts";

/** What a log comes to, all rows in memory. */
export function foldLog(entries: Iterable<Entry>, catalogue: Catalogue): Rows {
  const rows = noRows();
  for (const entry of entries) for (const change of evolve(rows, entry, catalogue)) applyChange(rows, change);
  return rows;
}

export function applyChange(rows: Rows, change: Change): void {
  // The pairing of table and row is in the type of Change; TypeScript cannot follow it through an index.
  (rows[change.table] as Map<string, unknown>).set(change.key, change.row);
}
