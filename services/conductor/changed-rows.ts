import { noRows, type Change, type Rows, type Tables } from "@jackfield/lifecycle/state";

export type TableName = keyof Tables;

export const tableNames: readonly TableName[] = [
  "projects",
  "handlers",
  "bindings",
  "capabilities",
  "runs",
  "tasks",
  "asks",
  "cache",
  "names",
  "seeds",
  "facts",
  "checks",
];

/** The rows that a batch made or replaced, the last of each key. */
export class ChangedRows {
  readonly #rows: Rows = noRows();

  add({ table, key, row }: Change): void {
    // The pairing of table and row is in the type of Change; TypeScript cannot follow it through an index.
    (this.#rows[table] as Map<string, unknown>).set(key, row);
  }

  /** Those in which something changed, always in the same order. */
  tables(): TableName[] {
    return tableNames.filter((table) => this.#rows[table].size > 0);
  }

  keys(table: TableName): string[] {
    return [...this.#rows[table].keys()];
  }

  /** Keys with their rows. Sorted, so that two writers never lock in different order. */
  of<Name extends TableName>(table: Name): [string, Tables[Name]][] {
    return [...this.#rows[table]].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
