import { z } from "zod";
import { contractVersion, capabilityName, scopeName } from "../event/names.ts";
import { route } from "./route.ts";

const name = z.object({ name: scopeName });
const scoped = z.object({ project: scopeName.optional() });

/** A handler that is asked by signed POST, as whoever registered it sees it. Its secret is told once. */
export const webhookHandler = z
  .object({
    name: scopeName,
    project: scopeName.nullable(),
    url: z.string(),
    version: z.string(),
    contracts: z.record(capabilityName, z.object({ from: contractVersion, to: contractVersion })),
    concurrency: z.int(),
    heartbeat: z.boolean(),
    /** Why nothing is sent there: it answered 410, or somebody said so. */
    disabled: z.string().optional(),
    by: z.string().optional(),
  })
  .meta({ id: "WebhookHandler" });

export const postWebhook = route("POST", "/v1/handlers/:name/webhook", {
  summary:
    "Webhook door: from now on tasks of this handler are posted to a URL, signed as in Standard Webhooks",
  scope: "admin",
  params: name,
  body: z.object({
    url: z.string().max(2_000),
    project: scopeName.nullable().default(null),
    contracts: z.record(capabilityName, z.object({ from: contractVersion, to: contractVersion })),
    /** Without one: 8 characters of the digest of the URL. */
    version: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,40}$/)
      .optional(),
    concurrency: z.int().min(1).max(1_000).default(1),
    /** `none`: after 202 only the deadline counts. */
    heartbeat: z.enum(["ask", "none"]).default("ask"),
    /** A new secret; the one before signs beside it until the next change. */
    rotate: z.boolean().default(false),
  }),
  /** The secret is there when it is new, and never again. */
  answer: webhookHandler.extend({ secret: z.string().optional() }),
  status: 201,
});

export const getWebhook = route("GET", "/v1/handlers/:name/webhook", {
  summary: "Webhook door: where the tasks of this handler are posted",
  scope: "read",
  params: name,
  query: scoped,
  answer: webhookHandler,
});

export const removeWebhook = route("POST", "/v1/handlers/:name/webhook/remove", {
  summary: "Webhook door: nothing is posted there any more",
  scope: "admin",
  params: name,
  body: z.object({ project: scopeName.nullable().default(null) }),
  answer: z.object({ removed: scopeName }),
});
