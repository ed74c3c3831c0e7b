import type { FastifyInstance } from "fastify";
import { metricsText, type Health } from "@jackfield/service/health";
import openApi from "@jackfield/spec/openapi.json" with { type: "json" };
import { docsPage, docsPolicy } from "./docs/page.ts";

const open = { config: { scope: "public" } } as const;

/** What operators and machines ask of every process, and the description of this door. */
export function serveHealth(app: FastifyInstance, health: Health): void {
  app.get("/healthz", open, async () => ({ alive: true }));
  app.get("/readyz", open, async (_request, reply) => {
    const report = health.report();
    return reply.code(report.ready ? 200 : 503).send(report);
  });
  app.get("/metrics", { config: { scope: "read" } }, async (_request, reply) =>
    reply.header("content-type", "text/plain; version=0.0.4; charset=utf-8").send(await metricsText()),
  );
  app.get("/openapi.json", open, async () => openApi);
  const page = docsPage(openApi);
  app.get("/docs", open, async (_request, reply) =>
    reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", docsPolicy)
      .header("x-content-type-options", "nosniff")
      .send(page),
  );
}
