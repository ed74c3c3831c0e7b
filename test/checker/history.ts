import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { z } from "zod";

/** `<epoch>-<sequence>` in the stream. */
const place = z.string().regex(/^\d+-\d+$/);

/** What somebody did or saw. */
const deed = z.discriminatedUnion("op", [
  /**
   * An event was published, by HTTP or NATS. `unknown`: no answer came, it may be in the log or not. `digest` is that of
   * `contentOf`; left out where a door fills in more before the stream has it.
   */
  z.object({
    op: z.literal("publish"),
    key: z.string(),
    digest: z.string().optional(),
    answer: z.enum(["ok", "refused", "unknown"]),
    position: place.optional(),
  }),
  /** A handler's function began, or ended, on one attempt. */
  z.object({
    op: z.literal("execute"),
    part: z.enum(["begin", "end"]),
    task: z.string(),
    handler: z.string(),
    attempt: z.int().min(1),
    instance: z.string(),
  }),
  /** Something happened outside, under its idempotency key. */
  z.object({ op: z.literal("effect"), key: z.string() }),
  /** A fault was injected: `blow` for one that is over at once, else when it began and ended. */
  z.object({ op: z.literal("fault"), what: z.string(), part: z.enum(["blow", "begin", "end"]) }),
  /** A message that was meant to be withheld was put into the stream: where it lies. */
  z.object({ op: z.literal("lie"), what: z.string(), position: place }),
  /** The state of a reader was made anew from the log, and compared with the live one. */
  z.object({ op: z.literal("rebuilt"), reader: z.string(), same: z.boolean() }),
  /** A person had to do something. */
  z.object({ op: z.literal("operator"), what: z.string() }),
  /** What the projections of a service said at one moment: thing → its state (`watchStates`). */
  z.object({
    op: z.literal("states"),
    of: z.string(),
    position: place.optional(),
    states: z.record(z.string(), z.string()),
  }),
]);

export type Deed = z.output<typeof deed>;
/** A deed, by whom and when (ms since 1970, by the clock of this machine). */
export type Line = Deed & { at: number; who: string };

const line = z.intersection(deed, z.object({ at: z.number(), who: z.string() }));

/** Writes into a history; several processes may share a file, a line is written whole. */
export type Record = (did: Deed) => void;

/** Who records, and into which file. */
export const recordInto =
  (file: string, who: string): Record =>
  (did) =>
    appendFileSync(file, `${JSON.stringify({ at: nowMs(), who, ...did })}\n`);

// The wall clock of a process may be what a test shifts.
const nowMs = (): number => Math.round(performance.timeOrigin + performance.now());

/** The history in the order in which it was written. @throws ZodError for a line that is none. */
export function readHistory(file: string): Line[] {
  if (!existsSync(file)) return [];
  // A recorder that was killed may have left half a line at the end; what it did not finish writing it did not see.
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((text) => line.parse(JSON.parse(text)));
}
