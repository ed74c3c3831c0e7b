import { parseJson } from "@jackfield/events/json-text";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { matches, parseFilter, type Filter } from "@jackfield/cesql/filter";
import { printPosition, type Position } from "@jackfield/spec/event/position";
import type { events, loggedEvent } from "@jackfield/spec/ask/tracker";
import { sql } from "kysely";
import type { z } from "zod";
import type { Db } from "../tables.ts";
import { isEmpty, narrowed } from "./filter.ts";
import { beyond, cursorOf, defaultPage, inOrder, readPage, type Chunk, type Order } from "./page.ts";

type LoggedEvent = z.input<typeof loggedEvent>;

interface EventRow {
  epoch: number;
  sequence: number;
  at: Date;
  body: string;
}

export const readEvent = ({ epoch, sequence, at, body }: EventRow): LoggedEvent => ({
  position: printPosition({ epoch, sequence }),
  at: at.toISOString(),
  event: eventIn(body),
});

/** The log holds what was checked when it came in; only its JSON lies between. */
export const eventIn = (body: string): CloudEvent => parseJson(body) as CloudEvent;

export const eventColumns = ["epoch", "sequence", "at", "body"] as const;

interface Search {
  order: Order;
  filter: Filter;
  types: ReadonlySet<string>;
  project: string | undefined;
  correlationid: string | undefined;
}

/** Events of the log in stream order (or backwards) that match, a page at a time. */
export async function eventsMatching(
  db: Db,
  asked: z.output<typeof events.input>,
  types: ReadonlySet<string>,
): Promise<{ events: LoggedEvent[]; next?: string }> {
  const { order = "oldest", project, correlationid } = asked;
  const search: Search = { order, filter: parseFilter(asked.filter ?? ""), types, project, correlationid };
  const { rows, next } = await readPage<EventRow>({
    limit: asked.limit ?? defaultPage,
    cursor: cursorOf(asked.cursor),
    read: (cursor, most) => readChunk(db, search, cursor, most),
    positionOf: ({ epoch, sequence }) => ({ epoch, sequence }),
    bytesOf: ({ body }) => Buffer.byteLength(body) + 80,
  });
  return { events: rows.map(readEvent), ...(next !== undefined && { next }) };
}

async function readChunk(
  db: Db,
  search: Search,
  cursor: Position | undefined,
  most: number,
): Promise<Chunk<EventRow>> {
  const { filter, types, order } = search;
  const until = isEmpty(filter) ? undefined : await horizon(db, search, cursor);
  let query = inScope(db, search, cursor).select(eventColumns).where(narrowed(filter, types)).limit(most);
  if (until !== undefined) query = query.where(sql<boolean>`not ${beyond(place, until, order)}`);
  const read = await query.execute();
  const rows = read.filter(({ body }) => matches(filter, eventIn(body)));
  const last = read.at(-1);
  if (last !== undefined && read.length === most) return { rows, next: last };
  return { rows, next: until ?? "end" };
}

const place = "epoch, sequence";

const inScope = (db: Db, { order, project, correlationid }: Search, cursor: Position | undefined) =>
  db
    .selectFrom("events")
    .where(beyond(place, cursor, order))
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .$if(correlationid !== undefined, (query) => query.where("correlationid", "=", correlationid ?? ""))
    .orderBy(inOrder(place, order));

const scannedAtOnce = 20_000;

/** A filter may match next to nothing, so one read looks at so many events at most: up to here. */
const horizon = (db: Db, search: Search, cursor: Position | undefined): Promise<Position | undefined> =>
  inScope(db, search, cursor).select(["epoch", "sequence"]).offset(scannedAtOnce).limit(1).executeTakeFirst();
