import type { withheld } from "@jackfield/spec/ask/tracker";
import { printPosition } from "@jackfield/spec/event/position";
import type { z } from "zod";
import type { Db } from "../tables.ts";
import { beyond, cursorOf, defaultPage, inOrder, readPage, type Chunk } from "./page.ts";

type Row = z.input<typeof withheld.answer>["withheld"][number] & { epoch: number; sequence: number };

/** The store keeps all of it; an answer shows so much of each. */
const shownCharacters = 70_000;
const place = "epoch, sequence";

/** What was kept out of the log, the newest first. */
export async function whatIsWithheld(
  db: Db,
  asked: z.output<typeof withheld.input>,
): Promise<z.input<typeof withheld.answer>> {
  const { rows, next } = await readPage<Row>({
    limit: asked.limit ?? defaultPage,
    cursor: cursorOf(asked.cursor),
    read: async (cursor, most): Promise<Chunk<Row>> => {
      const stored = await db
        .selectFrom("withheld")
        .selectAll()
        .where(beyond(place, cursor, "newest"))
        .orderBy(inOrder(place, "newest"))
        .limit(most)
        .execute();
      const read = stored.map(({ at, body, told: _, ...row }) => ({
        ...row,
        position: printPosition(row),
        at: at.toISOString(),
        text: body.length > shownCharacters ? `${body.slice(0, shownCharacters)}…` : body,
      }));
      return { rows: read, next: read.length < most ? "end" : (read.at(-1) ?? "end") };
    },
    positionOf: ({ epoch, sequence }) => ({ epoch, sequence }),
    bytesOf: ({ text, detail }) => Buffer.byteLength(text) + detail.length + 200,
  });
  return { withheld: rows, ...(next !== undefined && { next }) };
}
