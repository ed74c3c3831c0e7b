import type { FastifyInstance } from "fastify";
import { parseFilter } from "@jackfield/cesql/filter";
import type { Events } from "@jackfield/events/connection";
import { askService } from "@jackfield/service/answer";
import { readerQuestions, readers, type ParkedDelivery } from "@jackfield/spec/ask/reader";
import { getParked, postRedrive } from "@jackfield/spec/http/parked";
import { postRebuild } from "@jackfield/spec/http/rebuild";
import type { z } from "zod";
import type { GatewayParts } from "./door-parts.ts";
import { serve } from "./serve-route.ts";

/** Readers wait up to 10 s until they have read what they said. */
const answerWithinMs = 12_000;
const silentAfterMs = 3_000;
/** A reader is asked to redrive so many at once. */
const atOnce = 500;

/** What readers of the stream are asked: every one parks for itself, and makes its own state anew. */
export function serveReaders(app: FastifyInstance, { events }: GatewayParts): void {
  serve(app, getParked, async ({ query: { filter } }) => {
    // Said once, instead of by every reader.
    if (filter !== undefined) parseFilter(filter);
    const answers = await Promise.allSettled(readers.map((reader) => parkedBy(events, reader, filter)));
    return {
      parked: answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : [])),
      silent: readers.filter((_, index) => answers[index]?.status === "rejected"),
    };
  });
  serve(app, postRedrive, ({ body }) => redrive(events, body));
  serve(app, postRebuild, ({ params: { reader }, body }) =>
    askService(events, readerQuestions(reader).rebuild, body, { timeoutMs: answerWithinMs }),
  );
}

async function parkedBy(events: Events, reader: string, filter?: string): Promise<ParkedDelivery[]> {
  const { parked: question } = readerQuestions(reader);
  const found: ParkedDelivery[] = [];
  let cursor: string | undefined;
  do {
    const { parked, next } = await askService(
      events,
      question,
      { filter, cursor },
      { timeoutMs: silentAfterMs },
    );
    found.push(...parked);
    cursor = next;
  } while (cursor !== undefined);
  return found;
}

type Asked = z.output<typeof postRedrive.body>;
type Answered = z.input<typeof postRedrive.answer>;

async function redrive(events: Events, { deliveries, ...decision }: Asked): Promise<Answered> {
  const answered: Answered = { redriven: [], parked: [] };
  for (const reader of new Set(deliveries.map((each) => each.reader))) {
    const all = deliveries.filter((each) => each.reader === reader).map(({ position }) => position);
    for (let from = 0; from < all.length; from += atOnce) {
      const input = { ...decision, positions: all.slice(from, from + atOnce) };
      const question = readerQuestions(reader).redrive;
      const { redriven, parked } = await askService(events, question, input, { timeoutMs: answerWithinMs });
      answered.redriven.push(...redriven.map((position) => ({ reader, position })));
      answered.parked.push(...parked.map((each) => ({ reader, ...each })));
    }
  }
  return answered;
}
