import type { FastifyInstance } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import { digestOf } from "@jackfield/spec/event/canonical";
import { getWebhook, postWebhook, removeWebhook } from "@jackfield/spec/http/webhooks";
import { requireProject } from "../access/caller.ts";
import { serve } from "../serve-route.ts";
import type { Subscriptions } from "../subscriptions/subscriptions.ts";
import type { WebhookRow } from "./handler-store.ts";
import type { Keys } from "./keys.ts";
import { targetUrl, type TargetRule } from "./target-address.ts";
import type { WebhookHandlers } from "./webhook-handlers.ts";

const place = (project: string | null | undefined): string => project ?? "*";

/** What the gateway sends by itself, and by which rules. */
export interface Outward {
  webhooks: WebhookHandlers;
  subscriptions: Subscriptions;
  keys: Keys;
  rule: TargetRule;
}

/** Handlers that are asked by POST are registered, looked at, and removed. */
export function serveWebhooks(app: FastifyInstance, { webhooks, keys, rule }: Outward): void {
  serve(app, postWebhook, async ({ params: { name }, body, request: { caller } }) => {
    requireProject(caller, body.project);
    targetUrl(body.url, rule);
    const known = await webhooks.store.find(place(body.project), name);
    const fresh = known === undefined || body.rotate;
    const row: WebhookRow = {
      project: place(body.project),
      name,
      url: body.url,
      key: fresh ? keys.draw() : known.key,
      previous_key: fresh ? (known?.key ?? null) : known.previous_key,
      version: body.version ?? digestOf(body.url).slice("sha256:".length, "sha256:".length + 8),
      contracts: body.contracts,
      concurrency: body.concurrency,
      heartbeat: body.heartbeat === "ask",
      created_by: caller.name ?? null,
      disabled: null,
    };
    await webhooks.store.put(row);
    await webhooks.read();
    return { ...described(row), ...(fresh && { secret: keys.secretOf(row.key) }) };
  });

  serve(app, getWebhook, async ({ params: { name }, query: { project }, request: { caller } }) => {
    requireProject(caller, project);
    return described((await webhooks.store.find(place(project), name)) ?? none(name));
  });

  serve(app, removeWebhook, async ({ params: { name }, body: { project }, request: { caller } }) => {
    requireProject(caller, project);
    if (!(await webhooks.store.remove(place(project), name))) none(name);
    await webhooks.read();
    return { removed: name };
  });
}

function none(name: string): never {
  throw new Problem("E_NOT_FOUND", `No webhook is registered as ${name} here.`, {
    next: `register it: POST /v1/handlers/${name}/webhook`,
  });
}

const described = (row: WebhookRow) => ({
  name: row.name,
  project: row.project === "*" ? null : row.project,
  url: row.url,
  version: row.version,
  contracts: row.contracts,
  concurrency: row.concurrency,
  heartbeat: row.heartbeat,
  ...(row.disabled !== null && { disabled: row.disabled }),
  ...(row.created_by !== null && { by: row.created_by }),
});
