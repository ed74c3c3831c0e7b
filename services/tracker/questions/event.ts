import { printJson } from "@jackfield/events/json-text";
import { Problem } from "@jackfield/problem/problem";
import type { event, keys } from "@jackfield/spec/ask/tracker";
import { comparePositions, parsePosition, printPosition } from "@jackfield/spec/event/position";
import { shortType } from "@jackfield/spec/event/type";
import { sql } from "kysely";
import type { z } from "zod";
import type { Db } from "../tables.ts";
import { digestText } from "../write/log.ts";
import { eventColumns, readEvent } from "./events.ts";
import { fitting } from "./page.ts";

type Found = z.input<typeof event.answer>["found"];

const mostCauses = 100;
const mostEffects = 200;

/** One event, its causes up to the root (the direct one first), and its direct effects in stream order. */
export async function eventWithCauses(
  db: Db,
  asked: z.output<typeof event.input>,
): Promise<z.input<typeof event.answer>> {
  const found = await oneEvent(db, asked);
  const causes: Found[] = [];
  for (let last = found; causes.length < mostCauses;) {
    const cause = await causeOf(db, last);
    if (cause === undefined) break;
    causes.push(cause);
    last = cause;
  }
  const sizeOf = (cause: Found): number => Buffer.byteLength(printJson(cause));
  return { found, causes: fitting(causes, sizeOf), effects: await effectsOf(db, found) };
}

type EventRef = z.output<typeof event.input>;

async function oneEvent(db: Db, { id, project, source }: EventRef): Promise<Found> {
  const rows = await db
    .selectFrom("events")
    .select([...eventColumns, "project", "source", "type"])
    .where("id", "=", id)
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .$if(source !== undefined, (query) => query.where("source", "=", source ?? ""))
    .orderBy("epoch")
    .orderBy("sequence")
    .limit(10)
    .execute();
  const [row, ...others] = rows;
  if (row === undefined) {
    throw new Problem("E_NOT_FOUND", `The log has no event ${id}.`, {
      why: "What was withheld is not in the log.",
      next: "jackfield ls parked",
    });
  }
  if (others.length === 0) return readEvent(row);
  const candidates = rows.map(
    (one) => `${shortType(one.type)} from ${one.source} in ${one.project || "no project"}`,
  );
  throw new Problem("E_AMBIGUOUS", `${rows.length} events are called ${id}.`, {
    why: candidates.join("\n"),
    next: "Name the project and the source as well.",
  });
}

/** Ids are unique for one source only; without one, the cause is ours, and the youngest before its effect. */
async function causeOf(db: Db, { event, position }: Found): Promise<Found | undefined> {
  const { causationid, causationsource } = event;
  if (causationid === undefined) return undefined;
  const rows = await db
    .selectFrom("events")
    .select([...eventColumns, "project", "source"])
    .where("id", "=", causationid)
    .$if(causationsource !== undefined, (query) => query.where("source", "=", causationsource ?? ""))
    .orderBy("epoch", "desc")
    .orderBy("sequence", "desc")
    .limit(20)
    .execute();
  const before = rows.filter((row) => comparePositions(row, parsePosition(position)) < 0);
  // A push belongs to no project, and starts a run in one.
  const near = before.filter(({ project }) => project === (event.project ?? "") || project === "");
  const ours = near.find(({ source }) => source.startsWith("/jackfield/"));
  const row = causationsource === undefined ? (ours ?? near[0]) : near[0];
  return row === undefined ? undefined : readEvent(row);
}

async function effectsOf(db: Db, { event }: Found): Promise<Found[]> {
  const rows = await db
    .selectFrom("events")
    .select(eventColumns)
    .where("causationid", "=", event.id)
    .orderBy("epoch")
    .orderBy("sequence")
    .limit(mostEffects)
    .execute();
  return fitting(rows, ({ body }) => Buffer.byteLength(body))
    .map(readEvent)
    .filter(({ event: effect }) => {
      const sameProject = event.project === undefined || effect.project === event.project;
      return sameProject && (effect.causationsource ?? event.source) === event.source;
    });
}

/** What the log holds under each of these keys. */
export async function whatIsUnder(
  db: Db,
  { keys: asked }: z.output<typeof keys.input>,
): Promise<z.input<typeof keys.answer>> {
  const items = JSON.stringify(asked.map(({ project = "", ...key }, n) => ({ n, project, ...key })));
  const { rows } = await sql<{ n: number; epoch: number; sequence: number; digest: Buffer }>`
    select asked.n, events.epoch, events.sequence, events.digest
    from jsonb_to_recordset(${items}::jsonb) as asked (n integer, id text, source text, type text, project text)
    join events on events.id = asked.id collate "C" and events.source = asked.source collate "C"
      and events.type = asked.type collate "C" and events.project = asked.project collate "C"`.execute(db);
  const found = new Map(rows.map((row) => [row.n, row]));
  return {
    known: asked.map((_, n) => {
      const row = found.get(n);
      return row === undefined ? {} : { digest: digestText(row.digest), position: printPosition(row) };
    }),
  };
}
