import { createServer } from "node:http";
import { register } from "prom-client";

export type Readiness = { ready: true } | { ready: false; why: string };

/** Who in this process is alive. A service is ready when its loop is, not when its process is. */
export interface Health {
  watch(name: string, check: () => Readiness): void;
  forget(name: string): void;
  /** Every watched service with its state. */
  report(): { ready: boolean; services: Record<string, Readiness> };
}

export function createHealth(): Health {
  const checks = new Map<string, () => Readiness>();
  return {
    watch: (name, check) => void checks.set(name, check),
    forget: (name) => void checks.delete(name),
    report: () => {
      const services = Object.fromEntries([...checks].map(([name, check]) => [name, check()]));
      return { ready: Object.values(services).every(({ ready }) => ready), services };
    },
  };
}

/** The Prometheus text of this process. */
export const metricsText = (): Promise<string> => register.metrics();

/** `/healthz`, `/readyz`, `/metrics` of a process that has no door of its own; loopback unless told otherwise. */
export async function serveHealth(
  health: Health,
  { port, host = "127.0.0.1" }: { port: number; host?: string },
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void page(request.url ?? "", health).then(({ status, type, body }) =>
      response.writeHead(status, { "content-type": type }).end(body),
    );
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

interface Page {
  status: number;
  type: string;
  body: string;
}

async function page(url: string, health: Health): Promise<Page> {
  const json = (status: number, value: unknown): Page => ({
    status,
    type: "application/json",
    body: JSON.stringify(value),
  });
  if (url === "/healthz") return json(200, { alive: true });
  if (url === "/metrics") return { status: 200, type: register.contentType, body: await metricsText() };
  if (url !== "/readyz") return json(404, { error: "not found" });
  const report = health.report();
  return json(report.ready ? 200 : 503, report);
}
