import type { ChangedRows } from "@jackfield/conductor/changed-rows";
import { tableNames } from "@jackfield/conductor/changed-rows";
import type { OutboxRow } from "@jackfield/conductor/save";
import { noRows, type Rows, type Tables } from "@jackfield/lifecycle/state";

/** Rows as the text that lies in the database, by table and key. */
export type Texts = Map<keyof Tables, Map<string, string>>;

export interface Commit {
  activation: number;
  from: number;
  to: number;
  changed: ChangedRows;
  decided: readonly OutboxRow[];
  /** Outbox rows whose events were read back. */
  readBack: readonly number[];
}

/** The conductor's schema: rows, position and outbox change together, and only for who took over last. */
export class Database {
  position = 0;
  #activation = 0;
  isAway = false;
  readonly texts: Texts = new Map(tableNames.map((name) => [name, new Map<string, string>()]));
  readonly #outbox = new Map<number, string>();

  /** Nobody before can write from now on. */
  takeOver(): number {
    this.#activation += 1;
    return this.#activation;
  }

  /** False when somebody else took over meanwhile; nothing is written then. */
  commit({ activation, from, to, changed, decided, readBack }: Commit): boolean {
    if (this.#activation !== activation || this.position !== from) return false;
    this.position = to;
    for (const table of changed.tables()) {
      for (const [key, row] of changed.of(table)) this.texts.get(table)?.set(key, JSON.stringify(row));
    }
    for (const n of readBack) this.#outbox.delete(n);
    for (const { n, text } of decided) this.#outbox.set(n, text);
    return true;
  }

  get outbox(): OutboxRow[] {
    return [...this.#outbox].sort(([a], [b]) => a - b).map(([n, text]) => ({ n, text }));
  }

  /** Everything anew from its text. */
  load(): Rows {
    const rows = noRows();
    for (const [table, texts] of this.texts) {
      // What was written from a row is a row; between lies JSON.
      const into = rows[table] as Map<string, unknown>;
      for (const [key, text] of texts) into.set(key, JSON.parse(text));
    }
    return rows;
  }
}

export const textsOf = (rows: Rows): Texts =>
  new Map(
    tableNames.map((name) => [
      name,
      new Map([...rows[name]].map(([key, row]): [string, string] => [key, JSON.stringify(row)])),
    ]),
  );
