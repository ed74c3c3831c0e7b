import { z } from "zod";
import { positionText } from "../event/position.ts";
import { parkedEvent } from "../facts/delivery.ts";
import { decision, question } from "./question.ts";

/** Services that read the stream from their own position. */
export const readers = ["tracker", "conductor", "projects"] as const;

export const parkedDelivery = z
  .object({
    reader: z.string(),
    position: positionText,
    at: z.string(),
    subject: z.string(),
    event: parkedEvent.optional(),
    reason: z.string(),
    times: z.int(),
    /** What came, as text; cut where it is long. */
    text: z.string(),
  })
  .meta({ id: "ParkedDelivery" });

export type ParkedDelivery = z.output<typeof parkedDelivery>;

/** What one reader of the stream can be asked beside its own questions. */
export const readerQuestions = (reader: string) => ({
  /** What it parked, in stream order; `filter` as everywhere, on the parked events. */
  parked: question(reader, "parked", {
    input: z.object({ filter: z.string().max(4_000).optional(), cursor: positionText.optional() }),
    answer: z.object({ parked: z.array(parkedDelivery), next: positionText.optional() }),
  }),
  /** Hands these to it again; answers when it has read them. What is not parked any more is left out. */
  redrive: question(reader, "redrive", {
    input: z.object({ ...decision, positions: z.array(positionText).min(1).max(500) }),
    answer: z.object({
      redriven: z.array(positionText),
      /** Failed again. */
      parked: z.array(z.object({ position: positionText, reason: z.string() })),
    }),
  }),
});
