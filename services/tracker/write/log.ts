import { printJson } from "@jackfield/events/json-text";
import type { LogEntry } from "@jackfield/events/log-entry";
import { bytea, insertInto, int8, text, timestamptz, utf8, type Write } from "@jackfield/postgres/rows";
import type { Position } from "@jackfield/spec/event/position";
import type { KeptEvent } from "../kept-event.ts";
import type { LateAnswer } from "../projections/attempts.ts";
import type { Withheld } from "../sort-out.ts";

const insertEvents = insertInto<ReturnType<typeof eventRow>>("events", {
  epoch: int8,
  sequence: int8,
  at: timestamptz,
  id: text,
  source: text,
  type: text,
  project: text,
  subject: text,
  run: text,
  correlationid: text,
  causationid: text,
  digest: bytea,
  body: utf8,
});

/** Without "on conflict": a key that is there already fails the statement, and the batch is looked at more closely. */
export const writeEvents = (kept: readonly KeptEvent[]): Write => insertEvents(kept.map(eventRow));

const eventRow = ({ position, storedMs, event, digest, json }: KeptEvent) => ({
  epoch: position.epoch,
  sequence: position.sequence,
  at: storedMs,
  id: event.id,
  source: event.source,
  type: event.type,
  project: event.project ?? "",
  subject: event.subject,
  run: event.run,
  correlationid: event.correlationid,
  causationid: event.causationid,
  digest: digestBytes(digest),
  body: json ?? printJson(event),
});

const digestPrefix = "sha256:";
const digestBytes = (digest: string): Buffer => Buffer.from(digest.slice(digestPrefix.length), "hex");
export const digestText = (bytes: Buffer): string => digestPrefix + bytes.toString("hex");

const insertTypes = insertInto<{ type: string }>("types", { type: text }, "on conflict (type) do nothing");

export const writeTypes = (types: readonly string[]): Write => insertTypes(types.map((type) => ({ type })));

const insertWithheld = insertInto<ReturnType<typeof withheldRow>>("withheld", {
  epoch: int8,
  sequence: int8,
  at: timestamptz,
  why: text,
  detail: text,
  subject: text,
  headers: text,
  body: text,
});

export const writeWithheld = (withheld: readonly Withheld[]): Write =>
  insertWithheld(withheld.map(withheldRow));

const withheldRow = ({ entry, why, detail }: Withheld) => ({
  epoch: entry.position.epoch,
  sequence: entry.position.sequence,
  at: entry.storedMs,
  why,
  detail: withoutZero(detail),
  subject: entry.subject,
  headers: entry.refused === undefined ? undefined : JSON.stringify(entry.refused.headers),
  body: bodyOf(entry),
});

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The body as text; `base64:` and the bytes where it is none. */
function bodyOf(entry: LogEntry): string {
  if (entry.refused === undefined) return printJson(entry.event);
  const { body } = entry.refused;
  try {
    if (!body.includes(0)) return strictUtf8.decode(body);
  } catch {
    // Not UTF-8: bytes, below.
  }
  return `base64:${Buffer.from(body).toString("base64")}`;
}

// Text in PostgreSQL has no zero byte.
const withoutZero = (words: string): string => words.replaceAll("\0", "\\0");

const insertLate = insertInto<ReturnType<typeof lateRow>>("late", {
  epoch: int8,
  sequence: int8,
  triggeredid: text,
});

const lateRow = ({ position, triggeredid }: LateAnswer) => ({ ...position, triggeredid });

export const writeLate = (late: readonly LateAnswer[]): Write => insertLate(late.map(lateRow));

/** How much of the stream is dealt with. */
export interface Progress {
  position: Position;
  events: number;
  withheld: number;
}

/** Moves the position if it still stands where this process left it; otherwise it returns no row. */
export const movePosition = (from: Position, to: Progress): Write => ({
  name: "position",
  sql: `update position set epoch = $3::int8, sequence = $4::int8, events = $5::int8, withheld = $6::int8
        where epoch = $1::int8 and sequence = $2::int8 returning 1`,
  values: [from.epoch, from.sequence, to.position.epoch, to.position.sequence, to.events, to.withheld],
});

/** Ends the statement: dividing by no moved row fails it, and so takes everything back. */
export const unlessMoved = "select 1 / count(*) as moved from position_write";
export const divisionByZero = "22012";
