import { z } from "zod";

/** The tracker makes the stream and trims it, so how much that holds is the tracker's setting. */
export const trackerConfig = z.object({
  JACKFIELD_STREAM_BYTES: z.coerce
    .number()
    .int()
    .min(1_048_576)
    .max(Number.MAX_SAFE_INTEGER)
    .default(1_073_741_824),
  /** What is in the log and older leaves the stream. */
  JACKFIELD_STREAM_DAYS: z.coerce.number().min(0).max(36_500).default(7),
});

export type TrackerConfig = z.output<typeof trackerConfig>;
