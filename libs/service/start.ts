import { z } from "zod";
import { startActive } from "./active.ts";
import { listenFor } from "./answer.ts";
import { readConfig, serviceSettings, type Environment } from "./configuration.ts";
import { connect, missingSetting, type Connections } from "./connections.ts";
import type { Parts, Service, ServiceParts } from "./define.ts";
import { describeHandler } from "./description.ts";
import { startHandlers } from "./handler-loop.ts";
import { createHealth, type Health, type Readiness } from "./health.ts";
import { openLog, type LogSink } from "./log.ts";
import type { Handler } from "./on.ts";
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

/** Starts a service with its own connections. @throws Problem E_CONFIG or E_STORE_DOWN. */
export async function startService(
  service: Service,
  environment: Environment,
  { health = createHealth(), log: sink }: Surroundings = {},
): Promise<RunningService> {
  const settings = readConfig(serviceSettings, environment);
  const config = readConfig(service.parts.config ?? z.unknown(), environment);
  const log = openLog({ service: service.name, level: settings.JACKFIELD_LOG_LEVEL, sink });
  const connections = await connect(service.name, settings, { stateful: service.stateful });
  const telemetry = await startTelemetry(service.name, environment);
  const stopping = new AbortController();
  const parts = withConnections(connections, { config, log, health, signal: stopping.signal });
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
      await connections.close();
      await telemetry?.close();
    },
  };
}

/** The database and the artifact store are there when they were configured; asking in vain names the setting. */
const withConnections = (
  { events, publisher, database, artifacts }: Connections,
  rest: Pick<Parts, "config" | "log" | "health" | "signal">,
): Parts => ({
  ...rest,
  events,
  publisher,
  get database() {
    return database ?? missingSetting("JACKFIELD_POSTGRES_URL");
  },
  get artifacts() {
    return artifacts ?? missingSetting("JACKFIELD_ARTIFACTS_URL");
  },
});

interface RunningPart {
  ready(): Readiness;
  close(graceMs: number): Promise<void>;
}

/** Starts what the service declared: fold and answers, handlers, doors. */
async function startParts(service: ServiceParts<unknown, unknown>, parts: Parts): Promise<RunningPart> {
  const running: RunningPart[] = [];
  if (service.reads !== undefined || (service.migrations !== undefined && service.answers !== undefined))
    running.push(startActive(service, parts));
  else if (service.answers !== undefined) running.push(await startAnswers(service, parts));
  if (service.handlers !== undefined) running.push(startOwnHandlers(service, parts, service.handlers(parts)));
  if (service.doors !== undefined) running.push(await openDoor(service.doors, parts));
  return {
    ready: () => running.map((part) => part.ready()).find(({ ready }) => !ready) ?? { ready: true },
    close: async (graceMs) => {
      await Promise.all(running.map((part) => part.close(graceMs)));
    },
  };
}

/** Without state of its own nobody has to stand by: every instance answers at once. */
async function startAnswers(service: ServiceParts<unknown, unknown>, parts: Parts): Promise<RunningPart> {
  const shared = await service.state?.(parts);
  const listening = await listenFor(parts.events, service.answers?.(shared, parts) ?? []);
  return {
    ready: () => ({ ready: true }),
    close: async () => listening[Symbol.asyncDispose](),
  };
}

async function openDoor(
  open: NonNullable<ServiceParts<unknown, unknown>["doors"]>,
  parts: Parts,
): Promise<RunningPart> {
  const door = await open(parts);
  return {
    ready: () => (door.ready() ? { ready: true } : { ready: false, why: "the door is closed" }),
    close: () => door.close(),
  };
}

const startOwnHandlers = (
  service: ServiceParts<unknown, unknown>,
  parts: Parts,
  handlers: Handler[],
): RunningPart =>
  startHandlers({
    events: parts.events,
    publisher: parts.publisher,
    artifacts: () => parts.artifacts,
    log: parts.log,
    // A built-in handler's version is the release's major; it works for every project.
    description: describeHandler({
      handler: service.handler?.name ?? service.name,
      version: "1",
      project: null,
      handlers,
    }),
    handlers,
    concurrency: service.handler?.concurrency ?? 2,
  });
