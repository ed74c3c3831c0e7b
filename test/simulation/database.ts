import type { ChangedRows } from "@jackfield/conductor/changed-rows";
import { tableNames } from "@jackfield/conductor/changed-rows";
import type { OutboxRow } from "@jackfield/conductor/save";
import { noRows, type Rows, type Tables } from "@jackfield/lifecycle/state";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";

/** Rows as the text that lies in the database, by table and key. */
export type Texts = Map<keyof Tables, Map<string, string>>;

export interface Commit {
  from: number;
  to: number;
  changed: ChangedRows;
  decided: readonly OutboxRow[];
  /** Keys of decisions that were read back, whoever made them. */
  readBack: readonly string[];
}

/** The conductor's schema: rows, position and outbox change together, and only for who knows the position. */
export class Database {
  position = 0;
  isAway = false;
  readonly texts: Texts = new Map(tableNames.map((name) => [name, new Map<string, string>()]));
  readonly #outbox = new Map<number, string>();
  readonly #numbers = new Map<string, number>();

  /** False when somebody else moved the position meanwhile; nothing is written then. */
  commit({ from, to, changed, decided, readBack }: Commit): boolean {
    const isTaken = decided.some(({ n, text }) => this.#outbox.has(n) || this.#numbers.has(keyIn(text)));
    // Two that stand at one place may both decide: the second meets what the first wrote.
    if (this.position !== from || isTaken) return false;
    this.position = to;
    for (const table of changed.tables()) {
      for (const [key, row] of changed.of(table)) this.texts.get(table)?.set(key, JSON.stringify(row));
    }
    for (const key of readBack) {
      this.#outbox.delete(this.#numbers.get(key) ?? 0);
      this.#numbers.delete(key);
    }
    for (const { n, text } of decided) {
      this.#outbox.set(n, text);
      this.#numbers.set(keyIn(text), n);
    }
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

/** A row of the outbox is an event as this process wrote it. */
const keyIn = (text: string): string => eventKey(JSON.parse(text) as CloudEvent);

export const textsOf = (rows: Rows): Texts =>
  new Map(
    tableNames.map((name) => [
      name,
      new Map([...rows[name]].map(([key, row]): [string, string] => [key, JSON.stringify(row)])),
    ]),
  );
