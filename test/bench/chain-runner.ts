/** Somebody who runs three no-op tasks in a row. */
export interface ChainRunner extends AsyncDisposable {
  /** One run, from the request until its end is known. */
  run(): Promise<void>;
  /** Does this work; µs of CPU an event by process, where there are events. */
  measured(work: () => Promise<void>): Promise<Record<string, number>>;
}
