import type { keptEntry, log } from "@jackfield/spec/ask/tracker";
import {
  comparePositions,
  parsePosition,
  printPosition,
  type Position,
} from "@jackfield/spec/event/position";
import { sql } from "kysely";
import type { z } from "zod";
import type { Db } from "../tables.ts";
import { beyond, inOrder } from "./page.ts";

interface Row {
  epoch: number;
  sequence: number;
  at: Date;
  body: string;
  why: string | null;
  detail: string | null;
  subject: string | null;
}

const usualLimit = 500;
/** JSON inside JSON: a quote takes two bytes there, and a message of NATS holds 1 MiB. */
const mostBytes = 480_000;
const place = "epoch, sequence";

/**
 * Events and what was withheld, in stream order, as a reader of the stream sees them: a conflict or an answer without
 * its question is an event to whoever does not know the log, and what everybody refuses comes without its bytes.
 */
export async function logFrom(
  db: Db,
  { from, limit = usualLimit, restoring = false }: z.output<typeof log.input>,
  { progress, days }: { progress: () => Position; days: number },
): Promise<z.input<typeof log.answer>> {
  // Read first: what is committed meanwhile is asked for again, and nothing is skipped.
  const end = progress();
  const old = restoring ? await lastBefore(db, Date.now() - days * 86_400_000) : undefined;
  const rows = await readRows(db, later(parsePosition(from), old), { limit, restoring });
  let bytes = 0;
  // The first row always travels: an event is at most 64 KiB.
  const fitting = rows.filter((row, index) => (bytes += row.body.length) <= mostBytes || index === 0);
  const last = fitting.at(-1);
  const more = fitting.length < rows.length || rows.length === limit;
  const isLast = last !== undefined && (more || comparePositions(last, end) > 0);
  return { entries: fitting.map(entryOf), upTo: printPosition(isLast ? last : end) };
}

const later = (a: Position, b: Position | undefined): Position =>
  b !== undefined && comparePositions(b, a) > 0 ? b : a;

/** The last event that was stored before that time; looks backwards, so at young events only. */
const lastBefore = (db: Db, ms: number): Promise<Position | undefined> =>
  db
    .selectFrom("events")
    .select(["epoch", "sequence"])
    .where("at", "<", new Date(ms))
    .orderBy("epoch", "desc")
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();

async function readRows(
  db: Db,
  from: Position,
  { limit, restoring }: { limit: number; restoring: boolean },
): Promise<Row[]> {
  const part = (columns: string) => sql`select epoch, sequence, at, ${sql.raw(columns)}
    where ${beyond(place, from, "oldest")} order by ${inOrder(place, "oldest")} limit ${limit}`;
  const kept = part("body, null as why, null as detail, null as subject from events");
  const withheld = part(`case when why in ('not-an-event', 'forged') then '' else body end as body,
    why, detail, subject from (select * from withheld where why <> 'missing') as there`);
  // What the tracker itself could not keep, others may have read well. Once redriven it is among the events.
  const parked = part(`case when refused is null then convert_from(body, 'UTF8') else '' end as body,
    refused::jsonb->>'reason', refused::jsonb->>'detail', subject
    from (select * from parked where redriven_epoch is null) as waiting`);
  const all = restoring ? sql`(${kept})` : sql`(${kept}) union all (${withheld}) union all (${parked})`;
  const { rows } = await sql<Row>`select * from (${all}) as entries
    order by ${inOrder(place, "oldest")} limit ${limit}`.execute(db);
  return rows;
}

function entryOf({ at, body, why, detail, subject, ...position }: Row): z.input<typeof keptEntry> {
  const entry = { position: printPosition(position), storedMs: at.getTime(), body };
  if (why !== "not-an-event" && why !== "forged") return entry;
  return { ...entry, subject: subject ?? "", refused: { reason: why, detail: detail ?? "" } };
}
