import { z } from "zod";
import { fact } from "../event/contract.ts";
import { positionText } from "../event/position.ts";

/** What the key of an event says, as far as there is an event. */
export const parkedEvent = z.object({ id: z.string(), source: z.string(), type: z.string() });

const delivery = {
  /** The service that reads: each parks for itself. */
  reader: z.string(),
  /** Where it lies in the stream. */
  position: positionText,
  event: parkedEvent.optional(),
};

/**
 * A reader did not take something that lies in the stream: it failed alone three times (`failed`), or the tracker withheld
 * it. Said by that reader; of what is withheld for one reason on one subject, the first is said.
 */
export const deliveryParked = fact("delivery.parked", {
  data: z.object({
    ...delivery,
    why: z.enum(["failed", "conflict", "forged", "not-an-event", "no-question"]),
    detail: z.string(),
    subject: z.string(),
    /** How often it was parked; above 1 a redrive failed. */
    times: z.int().min(1),
  }),
  example: {
    reader: "conductor",
    position: "1764000000-57",
    event: { id: "push-1", source: "/ci", type: "com.example.pushed" },
    why: "failed",
    detail: "unsupported Unicode escape sequence",
    subject: "evt.weather._.com.example.pushed",
    times: 1,
  },
});

/** What was parked is handed to its reader again, at this place of the stream; failing there parks it again. */
export const deliveryRedriven = fact("delivery.redriven", {
  data: z.object({
    ...delivery,
    times: z.int().min(1),
    by: z.string().max(200).optional(),
    reason: z.string().max(1_000).optional(),
  }),
  example: {
    reader: "conductor",
    position: "1764000000-57",
    event: { id: "push-1", source: "/ci", type: "com.example.pushed" },
    times: 1,
    by: "ana",
  },
});
