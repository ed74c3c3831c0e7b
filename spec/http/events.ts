import { z } from "zod";
import { cloudEvent } from "../event/envelope.ts";
import { positionText } from "../event/position.ts";
import { reaction } from "../ask/conductor.ts";
import * as tracker from "../ask/tracker.ts";
import { countText, route } from "./route.ts";

/** What people may post: a CloudEvent with the rest filled in. `train.requested` is enough of a type. */
export const shorthand = z
  .looseObject({ type: z.string().min(1), data: z.unknown().optional() })
  .meta({ id: "ShorthandEvent" });

export const acceptedEvent = z
  .object({
    id: z.string(),
    type: z.string(),
    position: positionText,
    /** The same event was there before; nothing happened again. */
    duplicate: z.boolean(),
    /** Absent when the conductor does not answer; the event is kept all the same. */
    listeners: reaction.shape.listeners.optional(),
    refused: reaction.shape.refused.optional(),
  })
  .meta({ id: "AcceptedEvent" });

const scope = {
  project: z.string().optional(),
  filter: z.string().optional(),
  correlationid: z.string().optional(),
};

export const postEvents = route("POST", "/v1/events", {
  summary: "State a fact: structured, binary or batched CloudEvents, or the shorthand for people",
  // `keptn`: what a triggered task or sequence of Keptn asks for is requested too; the answer is a list.
  query: z.object({ dialect: z.enum(["keptn"]).optional() }),
  scope: "emit",
  within: "answer",
  body: z.union([cloudEvent, z.array(cloudEvent), shorthand]),
  answer: z.union([acceptedEvent, z.array(acceptedEvent)]),
  status: 202,
  raw: {
    request: ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"],
  },
});

export const getEvents = route("GET", "/v1/events", {
  summary: "Events in stream order, by filter",
  scope: "read",
  query: z.object({
    ...scope,
    cursor: z.string().optional(),
    limit: countText.optional(),
    order: z.enum(["oldest", "newest"]).optional(),
    after: positionText.optional(),
  }),
  answer: tracker.events.answer,
});

/** The language that events are told in; the core knows its own only. */
export const eventFormat = z
  .enum(["cloudevents", "cdevents", "keptn", "openlineage"])
  .meta({ id: "EventFormat" });

export type EventFormat = z.output<typeof eventFormat>;

export const streamEvents = route("GET", "/v1/events/stream", {
  summary: "The live stream as server-sent events; the SSE id is the position, Last-Event-ID resumes",
  scope: "read",
  query: z.object({
    ...scope,
    from: z.union([positionText, z.enum(["now", "start"])]).optional(),
    format: eventFormat.optional(),
  }),
  answer: tracker.loggedEvent,
  raw: { response: "text/event-stream" },
});

export const getEvent = route("GET", "/v1/events/:id", {
  summary: "One event with its causes and effects",
  scope: "read",
  params: z.object({ id: z.string() }),
  query: z.object({
    project: z.string().optional(),
    source: z.string().optional(),
    after: positionText.optional(),
  }),
  answer: tracker.event.answer,
});

export const getWithheld = route("GET", "/v1/withheld", {
  summary: "What was not taken into the log: forged, conflicting, and what is no event",
  scope: "read",
  query: z.object({ cursor: z.string().optional(), limit: countText.optional() }),
  answer: tracker.withheld.answer,
});
