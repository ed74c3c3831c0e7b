import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { openEvents, type Events } from "@jackfield/events/connection";
import { ensureStream } from "@jackfield/events/stream";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import pg from "pg";
import { z } from "zod";
import type { NatsServer } from "../../deploy/embedded/nats-server.mjs";
import type { Bed } from "./bed.ts";
import type { RunningNode } from "./run-node.ts";
import { project } from "./spine-project.ts";

export const serviceNames = ["conductor", "tracker", "handler"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** A stream, a database, and how a service is started on them. */
export interface SpineParts {
  events: Events;
  database: pg.Pool;
  /** Servers by name. */
  servers: Record<string, number>;
  start(name: ServiceName): Promise<RunningNode>;
  /** A handler beside the one that does nothing: its name, and how long a task takes. */
  startOther(name: string, takesMs: number): Promise<RunningNode>;
  /** A door for events on this port: the gateway, or one that only publishes. */
  startDoor(which: "gateway" | "bare", port: number): Promise<RunningNode>;
  /** After the services have ended. */
  close(): Promise<void>;
}

export async function makeParts(bed: Bed, nats: NatsServer, concurrency: number): Promise<SpineParts> {
  const postgres = await bed.postgres();
  const prefix = bed.word();
  const adminUrl = await bed.freshDatabase();
  const events = await openEvents({ url: nats.url, name: "bench", prefix });
  await ensureStream(events, { maxBytes: 4 * 1024 ** 3 });
  const urls = await prepareDatabase({ adminUrl, services: ["conductor", "tracker", "gateway"] });
  const settings = {
    JACKFIELD_NATS_URL: nats.url,
    JACKFIELD_PREFIX: prefix,
    JACKFIELD_ARTIFACTS_URL: pathToFileURL(`${bed.folder}/artifacts`).href,
    JACKFIELD_PROJECT: project,
  };
  const database = new pg.Pool({ connectionString: adminUrl, max: 1 });
  // A server that is killed breaks it; the next question opens another.
  database.on("error", () => undefined);
  return {
    events,
    database,
    servers: { nats: nats.pid, postgres: postgres.pid },
    ...programsOf(bed, { settings, urls, concurrency }),
    close: async () => {
      await database.end();
      await events.manager.streams.delete(events.stream);
      await events.close();
      await bed.dropDatabase(adminUrl);
    },
  };
}

interface Given {
  settings: Record<string, string>;
  /** Of PostgreSQL, by service. */
  urls: Readonly<Record<string, string>>;
  concurrency: number;
}

function programsOf(
  bed: Bed,
  { settings, urls, concurrency }: Given,
): Pick<SpineParts, "start" | "startOther" | "startDoor"> {
  const service = (name: string, more: Record<string, string> = {}): Promise<RunningNode> =>
    bed.start("dist/deploy/run-service.mjs", [name], {
      ...settings,
      JACKFIELD_POSTGRES_URL: urls[name] ?? "",
      ...more,
    });
  const handler = (...words: string[]): Promise<RunningNode> =>
    bed.start("noop-handler", [String(concurrency), ...words], settings);
  return {
    start: (name) => (name === "handler" ? handler() : service(name)),
    startOther: (name, takesMs) => handler(name, String(takesMs)),
    startDoor: (which, port) =>
      which === "bare"
        ? bed.start("bare-door", [String(port)], settings)
        : service("gateway", { JACKFIELD_GATEWAY_PORT: String(port), JACKFIELD_GATEWAY_RATE: "1000000" }),
  };
}

/** Waits for the first word of a service, which says where its health is, and then for that. */
export async function untilReady(service: RunningNode): Promise<void> {
  const { health } = z.object({ health: z.string() }).parse(await service.hear());
  const deadline = performance.now() + 15_000;
  while (!(await fetch(`${health}/readyz`)).ok) {
    if (performance.now() > deadline) throw new Error("a service does not become ready");
    await delay(20);
  }
}
