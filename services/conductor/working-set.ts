import type pg from "pg";
import { NotLoaded, type Change, type HeldTable, type State, type Tables } from "@jackfield/lifecycle/state";
import { partsOfItem, partsOfTask, taskId } from "@jackfield/spec/event/ids";
import { tableNames, type TableName } from "./changed-rows.ts";
import { loadRows, type Loaded } from "./load.ts";

const wholeTables: ReadonlySet<TableName> = new Set(["projects", "handlers", "bindings", "capabilities"]);

/** How many rows of names, seeds, cache, … stay in memory; they are loaded again when they are needed. */
const mostRows = 5_000;

/** The rows that are in memory: what is small whole, runs while they are active, the rest as it was asked for. */
export class WorkingSet {
  readonly state: State;
  readonly #pool: pg.Pool;
  readonly #tables: { readonly [Name in TableName]: PartOfTable<Tables[Name]> };
  /** While it is set, missing rows are noted here instead of thrown. */
  #missing: Map<TableName, Set<string>> | undefined;
  /** Runs and tasks that were loaded for this batch. */
  #guests: string[] = [];
  #guestAsks: string[] = [];

  constructor(pool: pg.Pool, rows: readonly Loaded[]) {
    this.#pool = pool;
    const table = <Name extends TableName>(name: Name): PartOfTable<Tables[Name]> =>
      new PartOfTable<Tables[Name]>((key) => this.#miss(name, key), wholeTables.has(name));
    this.#tables = {
      projects: table("projects"),
      handlers: table("handlers"),
      bindings: table("bindings"),
      capabilities: table("capabilities"),
      runs: table("runs"),
      tasks: table("tasks"),
      asks: table("asks"),
      cache: table("cache"),
      names: table("names"),
      seeds: table("seeds"),
      facts: table("facts"),
      checks: table("checks"),
    };
    this.state = this.#tables;
    for (const { table: name, key, row } of rows) this.#put(name, key, row);
  }

  apply({ table, key, row }: Change): void {
    this.#put(table, key, row);
  }

  /** Runs a pure step; what it misses, and what `ahead` would miss, is loaded at once, then the step is repeated. */
  async complete<T>(step: () => T, ahead: () => void = () => undefined): Promise<T> {
    for (;;) {
      try {
        return step();
      } catch (error) {
        if (!(error instanceof NotLoaded)) throw error;
        const missing = this.#collect(ahead);
        missing.get(error.table)?.add(error.key);
        await this.#load(missing);
      }
    }
  }

  /** Is this run in memory? */
  holds(run: string): boolean {
    return this.#tables.runs.held(run) !== undefined;
  }

  /** After a batch: lets go of runs that are over, and of what only fills memory. Whatever is needed again is loaded. */
  trim(changed: Readonly<Record<"runs" | "tasks" | "asks", readonly string[]>>): void {
    const { runs, tasks, asks } = this.#tables;
    for (const key of [...changed.runs, ...this.#guests]) {
      const run = runs.held(partsOfTask(key).run);
      if (run !== undefined && run.status !== "finished" && run.status !== "refused") continue;
      runs.drop(partsOfTask(key).run);
      tasks.drop(key);
      const steps = run?.status === "finished" ? run.pinned.workflow.steps : [];
      for (const { name } of steps) tasks.drop(taskId(key, name));
    }
    // Of the items of a foreach only those at work are held.
    for (const key of [...changed.tasks, ...this.#guests]) {
      const status = partsOfItem(key) === undefined ? undefined : tasks.held(key)?.status;
      if (status === "done" || status === "skipped") tasks.drop(key);
    }
    this.#guests = [];
    for (const key of [...changed.asks, ...this.#guestAsks]) {
      const status = asks.held(key)?.status;
      if (status === "done" || status === "skipped") asks.drop(key);
    }
    this.#guestAsks = [];
    for (const name of ["cache", "names", "seeds", "facts", "checks"] as const) {
      if (this.#tables[name].size > mostRows) this.#tables[name].clear();
    }
    for (const name of tableNames) this.#tables[name].forgetAbsent();
  }

  #miss(table: TableName, key: string): void {
    if (this.#missing === undefined) throw new NotLoaded(table, key);
    this.#missing.get(table)?.add(key);
  }

  #collect(ahead: () => void): Map<TableName, Set<string>> {
    const missing = new Map<TableName, Set<string>>(tableNames.map((name) => [name, new Set()]));
    this.#missing = missing;
    try {
      ahead();
    } finally {
      this.#missing = undefined;
    }
    return missing;
  }

  async #load(missing: Map<TableName, Set<string>>): Promise<void> {
    const rows = await loadRows(this.#pool, missing);
    for (const [table, keys] of missing) for (const key of keys) this.#tables[table].absent(key);
    for (const { table, key, row } of rows) this.#put(table, key, row);
    for (const { table, key } of rows) {
      if (table === "runs" || table === "tasks") this.#guests.push(key);
      if (table === "asks") this.#guestAsks.push(key);
    }
  }

  #put(table: TableName, key: string, row: unknown): void {
    // Change and Loaded pair a table with its row; TypeScript cannot follow the pair through an index.
    (this.#tables[table] as PartOfTable<unknown>).set(key, row);
  }
}

/** Rows of one table that are known: there, or known not to be there. */
class PartOfTable<Row> implements HeldTable<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #absent = new Set<string>();
  readonly #miss: (key: string) => void;
  readonly #whole: boolean;

  constructor(miss: (key: string) => void, whole: boolean) {
    this.#miss = miss;
    this.#whole = whole;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    const row = this.#rows.get(key);
    if (row !== undefined || this.#whole || this.#absent.has(key)) return row;
    this.#miss(key);
    return undefined;
  }

  /** The row if it is in memory. */
  held(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  values(): Iterable<Row> {
    return this.#rows.values();
  }

  set(key: string, row: Row): void {
    this.#rows.set(key, row);
  }

  /** The database does not have it. */
  absent(key: string): void {
    if (!this.#rows.has(key)) this.#absent.add(key);
  }

  forgetAbsent(): void {
    this.#absent.clear();
  }

  drop(key: string): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
