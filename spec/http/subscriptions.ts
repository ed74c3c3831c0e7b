import { z } from "zod";
import { scopeName } from "../event/names.ts";
import { positionText } from "../event/position.ts";
import { eventFormat } from "./events.ts";
import { route } from "./route.ts";

const pairs = z
  .record(z.string().regex(/^[a-z0-9]{1,64}$/), z.string().min(1).max(1_000))
  .refine((said) => Object.keys(said).length > 0, "names no attribute");

/** A filter of CloudEvents Subscriptions 1.0-wip §3.2.4: an object that names one dialect. Others are refused. */
const filter: z.ZodType = z
  .union([
    z.strictObject({ exact: pairs }),
    z.strictObject({ prefix: pairs }),
    z.strictObject({ suffix: pairs }),
    z.strictObject({ sql: z.string().min(1).max(4_000) }),
    z.strictObject({
      get all() {
        return z.array(filter).min(1).max(100);
      },
    }),
    z.strictObject({
      get any() {
        return z.array(filter).min(1).max(100);
      },
    }),
    z.strictObject({
      get not() {
        return filter;
      },
    }),
  ])
  .meta({ id: "SubscriptionFilter" });

const described = z.object({
  sink: z.string().max(2_000),
  protocol: z.literal("HTTP"),
  /** All of them must hold; none: everything. */
  filters: z.array(filter).max(100).default([]),
  config: z
    .strictObject({
      format: eventFormat.default("cloudevents"),
      /** `now`, `start`, or a position: what follows it is told. */
      from: z.union([z.enum(["now", "start"]), positionText]).default("now"),
    })
    .prefault({}),
  /** Only events of this project. */
  project: scopeName.optional(),
});

/** Who is told of which events, and how far it is. */
export const subscription = described
  .extend({
    id: z.string(),
    /** Everything up to here was told, or is not wanted. */
    position: z.string(),
    /** Deliveries of the next event that failed. */
    failures: z.int(),
    /** Why it stands still. */
    paused: z.string().optional(),
    due: z.string().optional(),
    by: z.string().optional(),
  })
  .meta({ id: "Subscription" });

const id = z.object({ id: z.string() });

export const postSubscription = route("POST", "/v1/subscriptions", {
  summary:
    "Be told of events: each that the filters let through is posted to the sink, in order, at least once",
  scope: "operate",
  body: described,
  /** The secret that deliveries are signed with is told here and never again. */
  answer: subscription.extend({ secret: z.string() }),
  status: 201,
});

export const getSubscriptions = route("GET", "/v1/subscriptions", {
  summary: "Who is told of events, how far each is, and why one stands still",
  scope: "read",
  answer: z.object({ subscriptions: z.array(subscription) }),
});

export const getSubscription = route("GET", "/v1/subscriptions/:id", {
  summary: "One subscription",
  scope: "read",
  params: id,
  answer: subscription,
});

export const deleteSubscription = route("DELETE", "/v1/subscriptions/:id", {
  summary: "Be told no more",
  scope: "operate",
  params: id,
  answer: z.object({}),
});

export const resumeSubscription = route("POST", "/v1/subscriptions/:id/resume", {
  summary: "A subscription that stands still goes on, with the event that could not be delivered",
  scope: "operate",
  params: id,
  answer: subscription,
});
