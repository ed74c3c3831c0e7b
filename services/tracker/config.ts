import { z } from "zod";

/** The tracker makes the stream, so its size is the tracker's setting. */
export const trackerConfig = z.object({
  JACKFIELD_STREAM_BYTES: z.coerce
    .number()
    .int()
    .min(1_048_576)
    .max(Number.MAX_SAFE_INTEGER)
    .default(1_073_741_824),
});

export type TrackerConfig = z.output<typeof trackerConfig>;
