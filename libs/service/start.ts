import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { openEvents } from "@jackfield/events/connection";
import { createPublisher } from "@jackfield/events/publish";
import { openPostgres, type Database } from "@jackfield/postgres/database";
import { Problem } from "@jackfield/problem/problem";
import { z } from "zod";
import { startActive } from "./active.ts";
import { readConfig, serviceSettings, type Environment, type ServiceSettings } from "./configuration.ts";
import type { Parts, Service, ServiceParts } from "./define.ts";
import { describeHandler } from "./description.ts";
import { startHandlers } from "./handler-loop.ts";
import { createHealth, type Health, type Readiness } from "./health.ts";
import { openLog, type LogSink } from "./log.ts";
import { startTelemetry } from "./telemetry.ts";

export interface RunningService {
  name: string;
  ready(): Readiness;
  /** Stops pulling, lets work finish for the grace time, hands back the rest, flushes, closes. */
  stop(graceMs?: number): Promise<void>;
}

export interface Surroundings {
  /** Shared by the services of one process. */
  health?: Health;
  log?: LogSink;
}

/** Starts a service with its own connections. @throws Problem E_CONFIG or E_UNREACHABLE. */
export async function startService(
  service: Service,
  environment: Environment,
  { health = createHealth(), log: sink }: Surroundings = {},
): Promise<RunningService> {
  const settings = readConfig(serviceSettings, environment);
  const log = openLog({
    service: service.name,
    level: settings.JACKFIELD_LOG_LEVEL,
    ...(sink !== undefined && { sink }),
  });
  const telemetry = await startTelemetry(service.name, environment);
  const stopping = new AbortController();
  const events = await openEvents({
    url: settings.JACKFIELD_NATS_URL,
    name: service.name,
    ...(settings.JACKFIELD_PREFIX !== undefined && { prefix: settings.JACKFIELD_PREFIX }),
  });
  const publisher = createPublisher(events);
  const database = service.stateful ? await openDatabase(service.name, settings) : undefined;
  const artifacts =
    settings.JACKFIELD_ARTIFACTS_URL === undefined
      ? undefined
      : await openArtifacts(settings.JACKFIELD_ARTIFACTS_URL);
  const config = readConfig(service.parts.config ?? z.unknown(), environment);
  const parts = withOwn(
    { config, events, publisher, log, health, signal: stopping.signal },
    { database, artifacts },
  );
  const running = await startParts(service.parts, parts);
  health.watch(service.name, running.ready);
  log.info({ event: "service.started" }, `${service.name} is up`);
  return {
    name: service.name,
    ready: running.ready,
    stop: async (graceMs = 5_000) => {
      health.forget(service.name);
      await running.close(graceMs);
      stopping.abort();
      await publisher.close();
      await events.close();
      await database?.close();
      await telemetry?.close();
    },
  };
}

/** The database and the artifact store are there when they were asked for; asking in vain is a fault of the wiring. */
function withOwn(
  shared: Omit<Parts, "database" | "artifacts">,
  own: { database: Database | undefined; artifacts: Artifacts | undefined },
): Parts {
  return {
    ...shared,
    get database() {
      return own.database ?? missing("JACKFIELD_POSTGRES_URL");
    },
    get artifacts() {
      return own.artifacts ?? missing("JACKFIELD_ARTIFACTS_URL");
    },
  };
}

function missing(variable: string): never {
  throw new Problem("E_CONFIG", `The setting ${variable} is missing`, {
    next: `set the environment variable ${variable} and start again`,
  });
}

const openDatabase = (name: string, settings: ServiceSettings): Promise<Database> =>
  openPostgres({
    url: settings.JACKFIELD_POSTGRES_URL ?? missing("JACKFIELD_POSTGRES_URL"),
    schema: name,
    applicationName: `jackfield-${name}`,
  });

interface RunningParts {
  ready(): Readiness;
  close(graceMs: number): Promise<void>;
}

/** Starts what the service declared: fold and answers, handlers, doors. */
async function startParts(service: ServiceParts<unknown, unknown>, parts: Parts): Promise<RunningParts> {
  const running: RunningParts[] = [];
  if (service.reads !== undefined || service.answers !== undefined) running.push(startActive(service, parts));
  if (service.handlers !== undefined) running.push(startOwnHandlers(service, parts, service.handlers(parts)));
  if (service.doors !== undefined) {
    const door = await service.doors(parts);
    running.push({
      ready: () => (door.ready() ? { ready: true } : { ready: false, why: "the door is closed" }),
      close: () => door.close(),
    });
  }
  return {
    ready: () => running.map((part) => part.ready()).find(({ ready }) => !ready) ?? { ready: true },
    close: async (graceMs) => void (await Promise.all(running.map((part) => part.close(graceMs)))),
  };
}

function startOwnHandlers(
  service: ServiceParts<unknown, unknown>,
  parts: Parts,
  handlers: Parameters<typeof startHandlers>[0]["handlers"],
): RunningParts {
  const name = service.handler?.name ?? service.name;
  return startHandlers({
    events: parts.events,
    publisher: parts.publisher,
    artifacts: () => parts.artifacts,
    log: parts.log,
    // A built-in handler's version is the release's major.
    description: describeHandler({ handler: name, version: "1", project: null, handlers }),
    handlers,
    concurrency: service.handler?.concurrency ?? 2,
  });
}
