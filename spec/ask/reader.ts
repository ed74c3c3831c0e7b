import { z } from "zod";
import { digest } from "../event/artifact.ts";
import { positionText } from "../event/position.ts";
import { problemReport } from "../event/problem.ts";
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

const stateHash = z.object({
  hash: digest,
  /** Rows and hash by table, to see where two states differ. */
  tables: z.record(z.string(), z.object({ rows: z.int(), hash: digest })),
});

/** How far making a state anew has come, and what came of it. */
export const rebuildReport = z
  .object({
    job: z.string(),
    reader: z.string(),
    replace: z.boolean(),
    state: z.enum(["running", "done", "failed"]),
    /** Events that were folded so far. */
    events: z.int(),
    seconds: z.number(),
    /** Both states are those at this position. */
    position: positionText.optional(),
    same: z.boolean().optional(),
    live: stateHash.optional(),
    rebuilt: stateHash.optional(),
    problem: problemReport.optional(),
  })
  .meta({ id: "RebuildReport" });

export type RebuildReport = z.output<typeof rebuildReport>;

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
  /**
   * Makes its state anew from the log and compares, or puts the new one in place of the live one. Answers within some
   * seconds how far it is; with `job` it is asked again.
   */
  rebuild: question(reader, "rebuild", {
    input: z.object({ replace: z.boolean().optional(), job: z.string().optional() }),
    answer: rebuildReport,
  }),
});
