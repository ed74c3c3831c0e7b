import type { GatewayConfig } from "../config.ts";
import type { GatewayParts } from "../door-parts.ts";
import { readPlan } from "../subscriptions/retry-plan.ts";
import { Subscriptions } from "../subscriptions/subscriptions.ts";
import { createKeys } from "./keys.ts";
import { targetRule } from "./target-address.ts";
import { WebhookHandlers } from "./webhook-handlers.ts";
import type { Outward } from "./webhooks-door.ts";

/** Everything that the gateway sends by itself. `listensAt` is asked when the gateway listens. @throws E_CONFIG */
export function openOutward(
  parts: GatewayParts,
  { config, listensAt }: { config: GatewayConfig; listensAt: () => string },
): Outward {
  const keys = createKeys(config.JACKFIELD_GATEWAY_SECRET);
  const rule = targetRule(config.JACKFIELD_WEBHOOK_ALLOW);
  const gatewayUrl = (): string => config.JACKFIELD_URL?.replace(/\/$/, "") ?? listensAt();
  const plan = readPlan(config.JACKFIELD_WEBHOOK_PLAN);
  return {
    keys,
    rule,
    webhooks: new WebhookHandlers({ parts, rule, keys, gatewayUrl }),
    subscriptions: new Subscriptions({ parts, rule, keys, plan }),
  };
}
