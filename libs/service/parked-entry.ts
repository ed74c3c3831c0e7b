import { parseJson, printJson } from "@jackfield/events/json-text";
import type { LogEntry, Refusal } from "@jackfield/events/log-entry";
import type { NewlyParked, ParkedRow } from "@jackfield/postgres/parked";
import type { CloudEvent } from "@jackfield/spec/event/envelope";

const mostOfReason = 2_000;

/** An entry of the stream → the row that keeps it until it is redriven. */
export const parkedRow = (entry: LogEntry, reason: string): NewlyParked => ({
  epoch: entry.position.epoch,
  sequence: entry.position.sequence,
  at: new Date(entry.storedMs),
  subject: withoutZero(entry.subject),
  reason: withoutZero(reason).slice(0, mostOfReason),
  ...contentOf(entry),
});

function contentOf(entry: LogEntry): Pick<NewlyParked, "body" | "digest" | "refused"> {
  if (entry.refused === undefined)
    return { body: Buffer.from(entry.json ?? printJson(entry.event)), digest: entry.digest, refused: null };
  const { reason, detail, headers } = entry.refused;
  const refused = JSON.stringify({ reason, detail, headers });
  return { body: Buffer.from(entry.refused.body), digest: null, refused };
}

/** The same entry again, at its own place. */
export function parkedEntry(row: ParkedRow): LogEntry {
  const place = {
    position: { epoch: row.epoch, sequence: row.sequence },
    subject: row.subject,
    storedMs: row.at.getTime(),
  };
  if (row.refused === null)
    return { ...place, event: eventOf(row), digest: row.digest ?? "", json: row.body };
  // `parkedRow` wrote it.
  const refused = JSON.parse(row.refused) as Omit<Refusal, "body">;
  return { ...place, refused: { ...refused, body: row.body } };
}

// It was checked when it was read from the stream; its JSON lies between.
const eventOf = ({ body }: ParkedRow): CloudEvent => parseJson(body.toString()) as CloudEvent;

/** The event that is parked; undefined when it is none. */
export const parkedEventOf = (row: ParkedRow): CloudEvent | undefined =>
  row.refused === null ? eventOf(row) : undefined;

// Text in PostgreSQL has no zero byte.
const withoutZero = (words: string): string => words.replaceAll("\0", "\\0");
