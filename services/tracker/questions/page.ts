import { Problem } from "@jackfield/problem/problem";
import { parsePosition, positionText, printPosition, type Position } from "@jackfield/spec/event/position";
import { sql, type RawBuilder } from "kysely";

export type Order = "oldest" | "newest";

/** An answer travels as one NATS message; this leaves room for the envelope. */
export const maxAnswerBytes = 800_000;
export const defaultPage = 100;

/** `after the cursor` in the order of reading; everything without one. */
export function beyond(columns: string, cursor: Position | undefined, order: Order): RawBuilder<boolean> {
  if (cursor === undefined) return sql<boolean>`true`;
  const operator = sql.raw(order === "oldest" ? ">" : "<");
  return sql<boolean>`(${sql.raw(columns)}) ${operator} (${cursor.epoch}, ${cursor.sequence})`;
}

export const inOrder = (columns: string, order: Order): RawBuilder<unknown> =>
  sql.raw(
    columns
      .split(", ")
      .map((column) => `${column} ${order === "oldest" ? "asc" : "desc"}`)
      .join(", "),
  );

/** @throws Problem E_USAGE */
export function cursorOf(text: string | undefined): Position | undefined {
  if (text === undefined) return undefined;
  if (positionText.safeParse(text).success) return parsePosition(text);
  throw new Problem("E_USAGE", "This is no cursor.", {
    here: "/cursor",
    next: "take it from `next` of the page before",
  });
}

/** For two lists without a cursor in one answer: as many of the first as half an answer holds; sizes in bytes. */
export function fitting<Row>(rows: readonly Row[], sizeOf: (row: Row) => number): Row[] {
  let size = 0;
  return rows.filter((row) => (size += sizeOf(row)) < maxAnswerBytes / 2);
}

/** One read of a table: rows beyond a cursor, and where the next read begins; `end` when nothing is left. */
export interface Chunk<Row> {
  rows: Row[];
  next: Position | "end";
}

export interface PageOptions<Row> {
  limit: number;
  cursor: Position | undefined;
  read(cursor: Position | undefined, most: number): Promise<Chunk<Row>>;
  positionOf(row: Row): Position;
  bytesOf(row: Row): number;
}

const chunkRows = 100;
/** A question that finds little reads on for so long, then answers with what it has and a cursor. */
const readForMs = 1_000;

/** Reads chunks until the page is full, too large, or took long. `next` is there when there may be more. */
export async function readPage<Row>(options: PageOptions<Row>): Promise<{ rows: Row[]; next?: string }> {
  const { limit, read, positionOf, bytesOf } = options;
  const rows: Row[] = [];
  const deadline = performance.now() + readForMs;
  let bytes = 0;
  let cursor = options.cursor;
  do {
    const chunk = await read(cursor, Math.min(chunkRows, limit - rows.length));
    for (const row of chunk.rows) {
      bytes += bytesOf(row);
      const last = rows.at(-1);
      // The first row always travels, however large: an event is at most 64 KiB.
      if (last !== undefined && bytes > maxAnswerBytes)
        return { rows, next: printPosition(positionOf(last)) };
      rows.push(row);
    }
    if (chunk.next === "end") return { rows };
    cursor = chunk.next;
  } while (rows.length < limit && performance.now() < deadline);
  return { rows, next: printPosition(cursor) };
}
