import type { LogEntry } from "@jackfield/events/log-entry";
import { evolve } from "@jackfield/lifecycle/evolve";
import type { Catalogue } from "@jackfield/lifecycle/facts";
import { applyChange } from "@jackfield/lifecycle/fold-log";
import { noRows, type Entry, type Rows } from "@jackfield/lifecycle/state";
import type { Rebuildable } from "@jackfield/service/rebuild";
import { RowsHash, stateHash, type StateHash } from "@jackfield/postgres/state-hash";
import type pg from "pg";
import { ChangedRows, tableNames, type TableName } from "./changed-rows.ts";
import { forget } from "./fold-batch.ts";
import { loadActive } from "./load.ts";
import { saveBatch, takeOver, type SavedPins, type Standing } from "./save.ts";
import { WorkingSet } from "./working-set.ts";

/** Columns beside these follow from the row. */
const columns = (table: string): string => (table === "runs" ? "key, row, pinned" : "key, row");

/** Every table is a fold of the stream, but for the outbox, which stays as it is: decisions that were not read back. */
export const rebuildRows = (catalogue: Catalogue, still: Rebuildable["still"]): Rebuildable => ({
  tables: Object.fromEntries(tableNames.map((table) => [table, columns(table)])),
  besides: ["position", "outbox"],
  foldOn: (shadow) => new RowsFold(shadow.pool, catalogue),
  still,
});

/** So many rows are held in memory, which is much faster than to ask for them; beyond, only those of active runs. */
const mostRows = 300_000;

/** The fold of the stream without its decisions: the same `evolve`, written by the same statement. */
export class RowsFold {
  readonly #pool: pg.Pool;
  readonly #catalogue: Catalogue;
  readonly #most: number;
  readonly #savedPins: SavedPins = new Map();
  #rows: Rows | undefined = noRows();
  #held = 0;
  #working: WorkingSet | undefined;
  #standing: Standing | undefined;
  /** While memory holds all rows, a batch is written while the next one is folded. */
  #saving: Promise<void> = Promise.resolve();

  constructor(pool: pg.Pool, catalogue: Catalogue, most = mostRows) {
    this.#pool = pool;
    this.#most = most;
    this.#catalogue = catalogue;
  }

  async onBatch(batch: LogEntry[]): Promise<void> {
    const to = batch.at(-1)?.position;
    if (to === undefined) return;
    const changed = new ChangedRows();
    const entries = batch.flatMap(({ event, position }) =>
      event === undefined ? [] : [{ event, position }],
    );
    if (this.#rows !== undefined) this.#foldInMemory(this.#rows, entries, changed);
    else await this.#foldOnRows(await this.#workingSet(), entries, changed);
    await this.#saving;
    this.#standing ??= await takeOver(this.#pool);
    const saved = { from: this.#standing, to, changed, decided: [], readBack: [] };
    this.#saving = saveBatch(this.#pool, saved, this.#savedPins);
    // What fails here is thrown where the next batch, or the end, waits for it.
    this.#saving.catch(() => undefined);
    this.#standing = { ...this.#standing, position: to };
    if (this.#rows === undefined || this.#held > this.#most) await this.#saving;
    if (this.#working !== undefined) forget({ working: this.#working, savedPins: this.#savedPins }, changed);
    if (this.#held > this.#most) this.#rows = undefined;
  }

  flush(): Promise<void> {
    return this.#saving;
  }

  #foldInMemory(rows: Rows, entries: readonly Entry[], changed: ChangedRows): void {
    for (const entry of entries) {
      for (const change of evolve(rows, entry, this.#catalogue)) {
        applyChange(rows, change);
        changed.add(change);
        this.#held += 1;
      }
    }
  }

  async #foldOnRows(working: WorkingSet, entries: readonly Entry[], changed: ChangedRows): Promise<void> {
    for (const [index, entry] of entries.entries()) {
      const changes = await working.complete(
        () => evolve(working.state, entry, this.#catalogue),
        () => entries.slice(index).forEach((one) => evolve(working.state, one, this.#catalogue)),
      );
      for (const change of changes) {
        working.apply(change);
        changed.add(change);
      }
    }
  }

  async #workingSet(): Promise<WorkingSet> {
    this.#working ??= new WorkingSet(this.#pool, await loadActive(this.#pool));
    return this.#working;
  }
}

/** The hash of a state that is in memory whole: the same as that of its rows in a database. */
export function hashOfRows(rows: Rows): StateHash {
  const tables = tableNames.map((table) => {
    const hash = new RowsHash();
    for (const [key, whole] of rows[table]) hash.add(stored(table, key, whole));
    return [table, hash.result] as const;
  });
  return stateHash(Object.fromEntries(tables));
}

function stored(table: TableName, key: string, whole: object): object {
  if (table !== "runs") return { key, row: whole };
  const { pinned = null, ...row } = { pinned: undefined, ...whole };
  return { key, row, pinned };
}
