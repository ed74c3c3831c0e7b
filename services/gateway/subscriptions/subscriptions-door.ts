import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { compileDialects, type DialectFilter } from "@jackfield/cesql/dialect-filter";
import { Problem } from "@jackfield/problem/problem";
import { printPosition } from "@jackfield/spec/event/position";
import {
  deleteSubscription,
  getSubscription,
  getSubscriptions,
  postSubscription,
  resumeSubscription,
} from "@jackfield/spec/http/subscriptions";
import type { z } from "zod";
import { mayTouch, requireProject, type Caller } from "../access/caller.ts";
import type { GatewayParts } from "../door-parts.ts";
import { serve } from "../serve-route.ts";
import { positionAsked } from "../stream-door.ts";
import { targetUrl } from "../webhooks/target-address.ts";
import type { Outward } from "../webhooks/webhooks-door.ts";
import type { SubscriptionRow } from "./subscription-store.ts";

/** One event is told to so many at most. */
const mostSubscriptions = 500;

/** Who wants to be told of events says so, looks, and takes it back. @see CloudEvents Subscriptions API */
export function serveSubscriptions(app: FastifyInstance, parts: GatewayParts, outward: Outward): void {
  const one = async (id: string, caller: Caller): Promise<SubscriptionRow> => {
    const row = await outward.subscriptions.store.find(id);
    if (row !== undefined && mayTouch(caller, row.project)) return row;
    throw new Problem("E_NOT_FOUND", `There is no subscription ${id}.`, { next: "GET /v1/subscriptions" });
  };

  serve(app, postSubscription, async ({ body, request: { caller } }) => {
    requireProject(caller, body.project);
    const position = printPosition(positionAsked(body.config.from, parts.live));
    const row = await subscribe(outward, body, { position, created_by: caller.name ?? null });
    return { ...described(row), secret: outward.keys.secretOf(row.key) };
  });

  serve(app, getSubscriptions, async ({ request: { caller } }) => {
    const rows = await outward.subscriptions.store.all();
    return { subscriptions: rows.filter(({ project }) => mayTouch(caller, project)).map(described) };
  });

  serve(app, getSubscription, async ({ params: { id }, request: { caller } }) =>
    described(await one(id, caller)),
  );

  serve(app, deleteSubscription, async ({ params: { id }, request: { caller } }) => {
    await one(id, caller);
    await outward.subscriptions.store.remove(id);
    await outward.subscriptions.look();
    return undefined;
  });

  serve(app, resumeSubscription, async ({ params: { id }, request: { caller } }) => {
    await one(id, caller);
    await outward.subscriptions.store.resume(id);
    await outward.subscriptions.look();
    return described(await one(id, caller));
  });
}

async function subscribe(
  { subscriptions, rule, keys }: Outward,
  body: z.output<typeof postSubscription.body>,
  begun: Pick<SubscriptionRow, "position" | "created_by">,
): Promise<SubscriptionRow> {
  targetUrl(body.sink, rule);
  // The contract lets through what is one of the dialects.
  const filters = body.filters as DialectFilter[];
  compileDialects(filters);
  if ((await subscriptions.store.all()).length >= mostSubscriptions)
    throw new Problem("E_STATE", `There are ${mostSubscriptions} subscriptions already.`, {
      next: "take one back: DELETE /v1/subscriptions/<id>",
    });
  const row: SubscriptionRow = {
    id: randomBytes(8).toString("hex"),
    project: body.project ?? null,
    sink: body.sink,
    filters,
    format: body.config.format,
    key: keys.draw(),
    ...{ failures: 0, due_at: null, paused: null, ...begun },
  };
  await subscriptions.store.add(row);
  await subscriptions.look();
  return row;
}

const described = (row: SubscriptionRow) => ({
  id: row.id,
  sink: row.sink,
  protocol: "HTTP" as const,
  filters: row.filters,
  config: { format: row.format },
  position: row.position,
  failures: row.failures,
  ...(row.project !== null && { project: row.project }),
  ...(row.paused !== null && { paused: row.paused }),
  ...(row.due_at !== null && { due: row.due_at.toISOString() }),
  ...(row.created_by !== null && { by: row.created_by }),
});
