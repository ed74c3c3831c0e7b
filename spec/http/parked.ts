import { z } from "zod";
import { parkedDelivery, readers } from "../ask/reader.ts";
import { positionText } from "../event/position.ts";
import { route } from "./route.ts";

const place = z.object({ reader: z.enum(readers), position: positionText });

export const getParked = route("GET", "/v1/parked", {
  summary: "What readers of the stream could not fold and parked",
  scope: "read",
  query: z.object({ filter: z.string().optional() }),
  answer: z.object({
    parked: z.array(parkedDelivery),
    /** Readers that did not answer. */
    silent: z.array(z.string()),
  }),
});

export const postRedrive = route("POST", "/v1/parked/redrive", {
  summary: "Hand these, and no others, to their readers again",
  scope: "operate",
  body: z.object({
    deliveries: z.array(place).min(1).max(10_000),
    by: z.string().max(200).optional(),
    reason: z.string().max(1_000).optional(),
  }),
  answer: z.object({
    redriven: z.array(place),
    /** Failed again. */
    parked: z.array(place.extend({ reason: z.string() })),
  }),
});
