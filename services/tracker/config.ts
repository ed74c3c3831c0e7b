import { streamSettings } from "@jackfield/service/configuration";
import { z } from "zod";

/** The tracker makes the stream and trims it, so how much that holds is the tracker's setting. */
export const trackerConfig = streamSettings.extend({
  /** What is in the log and older leaves the stream. */
  JACKFIELD_STREAM_DAYS: z.coerce.number().min(0).max(36_500).default(7),
});

export type TrackerConfig = z.output<typeof trackerConfig>;
