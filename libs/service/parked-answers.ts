import { matches, parseFilter, type Filter } from "@jackfield/cesql/filter";
import type { Publisher } from "@jackfield/events/publish";
import { parkedAfter, parkedAt, type ParkedRow } from "@jackfield/postgres/parked";
import { readerQuestions, type ParkedDelivery } from "@jackfield/spec/ask/reader";
import {
  comparePositions,
  parsePosition,
  printPosition,
  type Position,
} from "@jackfield/spec/event/position";
import { answerTo, type Answer } from "./answer.ts";
import { redrivenFact } from "./delivery-facts.ts";
import { inTurn } from "./in-turn.ts";
import { parkedEventOf } from "./parked-entry.ts";
import type { Parking, ParkingParts } from "./parking.ts";

/** Rows of one answer: it travels as one message. */
const page = 50;
const shownCharacters = 1_000;

/** What was parked, and handing it to the reader again. */
export function parkedAnswers(parts: ParkingParts, parking: Parking): Answer[] {
  const questions = readerQuestions(parts.reader);
  const oneByOne = inTurn();
  return [
    answerTo(questions.parked, async ({ filter: text, cursor }) => {
      const filter = text === undefined ? undefined : parseFilter(text);
      const rows = await parkedAfter(
        parts.db,
        cursor === undefined ? undefined : parsePosition(cursor),
        page,
      );
      const found = rows.filter((row) => filter === undefined || isMeant(filter, row));
      const last = rows.length === page ? rows.at(-1) : undefined;
      return {
        parked: found.map((row) => describe(parts.reader, row)),
        ...(last !== undefined && { next: printPosition(last) }),
      };
    }),
    answerTo(questions.redrive, (asked) => oneByOne(() => redrive(parts, parking, asked))),
  ];
}

/** What is no event is meant only where everything is. */
function isMeant(filter: Filter, row: ParkedRow): boolean {
  const event = parkedEventOf(row);
  return event !== undefined && matches(filter, event);
}

function describe(reader: string, row: ParkedRow): ParkedDelivery {
  const event = parkedEventOf(row);
  const text = row.body.toString();
  return {
    reader,
    position: printPosition(row),
    at: row.at.toISOString(),
    subject: row.subject,
    ...(event !== undefined && { event: { id: event.id, source: event.source, type: event.type } }),
    reason: row.reason,
    times: row.times,
    text: text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text,
  };
}

interface Redrive {
  positions: string[];
  by?: string | undefined;
  reason?: string | undefined;
}

/** The facts first; the reader acts when it reads them, and only then this is answered. */
async function redrive(
  { db, reader, publisher }: ParkingParts,
  parking: Parking,
  { positions, by, reason }: Redrive,
): Promise<{ redriven: string[]; parked: { position: string; reason: string }[] }> {
  const asked: Position[] = [];
  let last: Position | undefined;
  for (const position of positions.map(parsePosition)) {
    const row = await parkedAt(db, position);
    if (row === undefined || row.redriven_epoch !== null) continue;
    const fact = redrivenFact(
      { reader, position, times: row.times, event: parkedEventOf(row) },
      { by, reason },
    );
    last = later(last, await publish(publisher, fact));
    asked.push(position);
  }
  if (last !== undefined) await parking.passed(last);
  const rows = (await Promise.all(asked.map((position) => parkedAt(db, position)))).flatMap(
    (row) => row ?? [],
  );
  const again = rows.filter(({ redriven_epoch }) => redriven_epoch === null);
  const failed = new Set(again.map(printPosition));
  return {
    redriven: asked.map(printPosition).filter((position) => !failed.has(position)),
    parked: again.map((row) => ({ position: printPosition(row), reason: row.reason })),
  };
}

const publish = async (publisher: Publisher, fact: Parameters<Publisher["publish"]>[0]): Promise<Position> =>
  (await publisher.publish(fact, { deadlineMs: 10_000 })).position;

const later = (a: Position | undefined, b: Position): Position =>
  a === undefined || comparePositions(a, b) < 0 ? b : a;
