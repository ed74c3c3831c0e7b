import type { Events } from "@jackfield/events/connection";
import { contentDigest } from "@jackfield/events/digest";
import { parseJson } from "@jackfield/events/json-text";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { LogPage } from "@jackfield/events/log-reader";
import { subjectOf } from "@jackfield/events/subject";
import { log, type keptEntry } from "@jackfield/spec/ask/tracker";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { parsePosition, printPosition, type Position } from "@jackfield/spec/event/position";
import type { z } from "zod";
import { askService } from "./answer.ts";

const withinMs = 10_000;

/** What comes after a position, from the tracker's log, as a reader of the stream would have got it. @throws Problem E_UNREACHABLE when no tracker answers */
export async function readTrackersLog(
  events: Events,
  from: Position,
  { restoring = false }: { restoring?: boolean } = {},
): Promise<LogPage> {
  const asked = { from: printPosition(from), restoring };
  const { entries, upTo } = await askService(events, log, asked, { timeoutMs: withinMs });
  return {
    entries: entries.map((entry) => entryOfLog(entry, events.subjectRoot)),
    upTo: parsePosition(upTo),
  };
}

/** An entry of the tracker's log, as a reader of the stream would have got it. */
export function entryOfLog(
  { position, storedMs, ...kept }: z.output<typeof keptEntry>,
  root: string,
): LogEntry {
  const place = { position: parsePosition(position), storedMs, subject: kept.subject ?? "" };
  if (kept.refused !== undefined)
    return { ...place, refused: { ...kept.refused, body: Buffer.from(kept.body), headers: [] } };
  // It was checked when it came into the log; only its JSON lies between.
  const event = parseJson(kept.body) as CloudEvent;
  return {
    ...place,
    event,
    // Few look at these.
    get subject() {
      return subjectOf(event, root);
    },
    get json() {
      return Buffer.from(kept.body);
    },
    get digest() {
      return contentDigest(event);
    },
  };
}
