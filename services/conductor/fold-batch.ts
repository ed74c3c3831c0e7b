import type { LogEntry } from "@jackfield/events/log-entry";
import { decide } from "@jackfield/lifecycle/decide";
import { evolve } from "@jackfield/lifecycle/evolve";
import { isOwn } from "@jackfield/lifecycle/facts";
import type { Entry } from "@jackfield/lifecycle/state";
import { ChangedRows } from "./changed-rows.ts";
import { builtIn, type Desk } from "./desk.ts";
import { followChange } from "./follow.ts";
import { saveBatch } from "./save.ts";
import { schedule } from "./schedule.ts";

/**
 * Folds a batch of the stream, decides, gives out work, and writes all of it with the position in one statement; then the
 * decisions are published. After a failure memory may be ahead of the database: nothing may go on from this desk.
 */
export async function foldBatch(desk: Desk, batch: LogEntry[]): Promise<void> {
  const to = batch.at(-1)?.position;
  if (to === undefined) return;
  const now = new Date().toISOString();
  const changed = new ChangedRows();
  const readBack = desk.outbox.takeOver();
  const entries = batch.flatMap(({ event, position }) => (event === undefined ? [] : [{ event, position }]));
  for (const [index, entry] of entries.entries()) {
    const n = isOwn(entry.event) ? desk.outbox.readBack(entry.event) : undefined;
    if (n !== undefined) readBack.push(n);
    await foldOne(desk, entry, { ahead: () => entries.slice(index).filter(isFromOutside), changed, now });
  }
  desk.outbox.add(await schedule(desk, now));
  const decided = desk.outbox.unsaved();
  const { pool } = desk.parts.database;
  await saveBatch(pool, { from: desk.standing, to, changed, decided, readBack }, desk.savedPins);
  desk.position = to;
  desk.outbox.publishSaved();
  desk.readBack.reached(to);
  desk.joins.begin();
  forget(desk, changed);
}

/** Asks for something new, of which nothing is in memory; our own facts and answers are about what goes on now. */
const isFromOutside = ({ event }: Entry): boolean => !isOwn(event) && event.triggeredid === undefined;

interface Folding {
  /** This entry and what follows it in the batch, as far as it may miss rows: they are loaded together. */
  ahead: () => Entry[];
  changed: ChangedRows;
  now: string;
}

async function foldOne(desk: Desk, entry: Entry, { ahead, changed, now }: Folding): Promise<void> {
  const { state, working, decided } = desk;
  const changes = await working.complete(
    () => evolve(state, entry, builtIn),
    () => ahead().forEach((one) => void evolve(state, one, builtIn)),
  );
  for (const change of changes) {
    working.apply(change);
    changed.add(change);
    followChange(desk, change);
  }
  const context = { changes, catalogue: builtIn, now, decided };
  desk.outbox.add(await working.complete(() => decide(state, entry, context)));
}

/** After a batch was written: what is over needs no memory. */
export function forget(
  { working, savedPins }: Pick<Desk, "working" | "savedPins">,
  changed: ChangedRows,
): void {
  const keys = changed.of("runs").map(([key]) => key);
  working.trim({ runs: keys, tasks: changed.keys("tasks"), asks: changed.keys("asks") });
  for (const key of keys) if (!working.holds(key)) savedPins.delete(key);
}

/** Goes on behind an entry that is parked. A decision of ours that cannot be folded is not published for ever. */
export async function passParked(desk: Desk, { event, position }: LogEntry): Promise<void> {
  desk.position = position;
  const n = event !== undefined && isOwn(event) ? desk.outbox.readBack(event) : undefined;
  if (n !== undefined) await desk.parts.database.pool.query("delete from outbox where n = $1", [n]);
  desk.readBack.reached(position);
}
