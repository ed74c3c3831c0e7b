import { z } from "zod";
import { question } from "./question.ts";

/**
 * Asked on `ctl.logs.<handler>`: what has this attempt written so far, from this byte on? Answered piece by piece, each
 * at most 256 kB, by the instance that holds the log; the others are silent.
 */
export const logs = question("logs", "<handler>", {
  input: z.object({
    task: z.string(),
    attempt: z.int().min(1),
    stream: z.enum(["stdout", "stderr"]),
    from: z.int().min(0),
  }),
  answer: z.object({
    text: z.string(),
    /** The byte to ask from next. */
    next: z.int().min(0),
    /** The command is over, and this was the last piece. */
    ended: z.boolean(),
  }),
});
