import { z } from "zod";
import { fact } from "../event/contract.ts";
import { positionText } from "../event/position.ts";

/** The tracker found that the stream does not go on where the log ends: what lay between was never read, and is lost. */
export const incidentDetected = fact("incident.detected", {
  data: z.object({
    what: z.literal("log.gap"),
    /** Trimmed from the stream's start, missing inside it, or of a stream that was made anew. */
    why: z.enum(["trimmed", "missing", "remade"]),
    from: positionText,
    to: positionText,
  }),
  example: { what: "log.gap", why: "missing", from: "1781000000-311", to: "1781000000-318" },
});
