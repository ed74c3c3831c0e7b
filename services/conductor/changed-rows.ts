import type { Change, Tables } from "@jackfield/lifecycle/state";

export type TableName = keyof Tables;

export const tableNames: readonly TableName[] = [
  "projects",
  "handlers",
  "bindings",
  "runs",
  "tasks",
  "cache",
  "names",
  "seeds",
  "facts",
  "checks",
];

/** The rows that a batch made or replaced, the last of each key. */
export class ChangedRows {
  readonly #rows = new Map<TableName, Map<string, unknown>>(tableNames.map((name) => [name, new Map()]));

  add({ table, key, row }: Change): void {
    this.#rows.get(table)?.set(key, row);
  }

  /** Keys and rows as JSON text, side by side. Sorted, so that two writers never lock in different order. */
  of(table: TableName): { keys: string[]; rows: unknown[] } {
    const sorted = [...(this.#rows.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return { keys: sorted.map(([key]) => key), rows: sorted.map(([, row]) => row) };
  }
}
