import { contentDigest } from "@jackfield/events/digest";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { LogPage } from "@jackfield/events/log-reader";
import type { Database } from "@jackfield/postgres/database";
import type { Rebuildable } from "@jackfield/service/rebuild";
import type { Position } from "@jackfield/spec/event/position";
import type { Fold } from "./fold.ts";
import { ProjectionsFold } from "./fold-projections.ts";
import { eventIn } from "./questions/events.ts";
import { beyond, inOrder } from "./questions/page.ts";
import { tablesOf, type Db } from "./tables.ts";

const place = "epoch, sequence";
const atOnce = 5_000;

/** The log itself is what everything is made from; the projections are folded from it, and what was withheld means nothing to them. */
export const rebuildProjections = (
  database: Database,
  fold: Fold,
  still: Rebuildable["still"],
): Rebuildable => ({
  tables: { runs: "*", attempts: "*", late: "*", metrics: "*", artifacts: "*", lineage: "*", types: "*" },
  besides: ["position"],
  log: (from) => keptAfter(tablesOf(database), from, fold.progress.position),
  foldOn: (shadow) => new ProjectionsFold(shadow.pool),
  still,
});

/** Events of the log after a position; up to `end` there are no others. */
export async function keptAfter(db: Db, from: Position, end: Position): Promise<LogPage> {
  const rows = await db
    .selectFrom("events")
    .select(["epoch", "sequence", "at", "body"])
    .where(beyond(place, from, "oldest"))
    .orderBy(inOrder(place, "oldest"))
    .limit(atOnce)
    .execute();
  const last = rows.length === atOnce ? rows.at(-1) : undefined;
  return { entries: rows.map(keptEntry), upTo: last ?? end };
}

/** As the stream's reader gave it; nobody looks at its subject any more. */
const keptEntry = ({ epoch, sequence, at, body }: KeptRow): LogEntry => {
  const event = eventIn(body);
  return {
    position: { epoch, sequence },
    subject: "",
    storedMs: at.getTime(),
    event,
    get digest() {
      return contentDigest(event);
    },
  };
};

interface KeptRow {
  epoch: number;
  sequence: number;
  at: Date;
  body: string;
}
