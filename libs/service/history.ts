import { decode } from "@jackfield/events/codec";
import type { Events } from "@jackfield/events/connection";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { LogPage } from "@jackfield/events/log-reader";
import { subjectOf } from "@jackfield/events/subject";
import { log, type keptEntry } from "@jackfield/spec/ask/tracker";
import { parsePosition, printPosition, type Position } from "@jackfield/spec/event/position";
import type { z } from "zod";
import { askService } from "./answer.ts";

const withinMs = 10_000;

/** What comes after a position, from the tracker's log, as a reader of the stream would have got it. @throws Problem E_UNREACHABLE when no tracker answers */
export async function readTrackersLog(events: Events, from: Position): Promise<LogPage> {
  const asked = { from: printPosition(from) };
  const { entries, upTo } = await askService(events, log, asked, { timeoutMs: withinMs });
  return {
    entries: entries.map((kept) => entryOf(kept, events.subjectRoot)),
    upTo: parsePosition(upTo),
  };
}

function entryOf({ position, storedMs, ...kept }: z.output<typeof keptEntry>, root: string): LogEntry {
  const place = { position: parsePosition(position), storedMs, subject: kept.subject ?? "" };
  const body = Buffer.from(kept.body);
  if (kept.refused !== undefined) return { ...place, refused: { ...kept.refused, body, headers: [] } };
  const decoded = decode({ body, headers: [] });
  if (!decoded.ok) {
    // An event of an earlier release that this one does not take for one: a reader of the stream would say the same.
    return { ...place, refused: { reason: "not-an-event", detail: decoded.reason, body, headers: [] } };
  }
  const { event } = decoded;
  return {
    ...place,
    subject: subjectOf(event, root),
    event,
    json: body,
    get digest() {
      return decoded.digest;
    },
  };
}
