import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import type { Door, Parts } from "@jackfield/service/define";
import { Buckets } from "./access/buckets.ts";
import { ownNames } from "./access/site.ts";
import { TokenBook } from "./access/token-book.ts";
import { TokenStore } from "./access/token-store.ts";
import { serveTokens } from "./access/tokens-door.ts";
import { createApp } from "./app.ts";
import { hasTicket, serveArtifacts } from "./artifact-door.ts";
import { addressOf, type GatewayConfig } from "./config.ts";
import { askOfEvents } from "./asked-of-events.ts";
import { Contracts } from "./contracts.ts";
import type { GatewayParts } from "./door-parts.ts";
import { serveHealth } from "./health-door.ts";
import { LiveLog } from "./live-log.ts";
import { readHookSecrets } from "./hooks/secrets.ts";
import { serveHooks } from "./hooks/hooks-door.ts";
import { readIssuers } from "./oidc/settings.ts";
import { serveExchange } from "./oidc/exchange-door.ts";
import { servePostEvents } from "./post-events.ts";
import { servePulling } from "./pull-door.ts";
import { serveReaders } from "./readers.ts";
import { serveQuestions } from "./reads.ts";
import { serveStream } from "./stream-door.ts";
import { serveTasks } from "./task-door.ts";
import { serveSubscriptions } from "./subscriptions/subscriptions-door.ts";
import { createTokens } from "./task-token.ts";
import { openOutward } from "./webhooks/open-outward.ts";
import { serveWebhooks, type Outward } from "./webhooks/webhooks-door.ts";

/** Requests that are at work when the gateway closes get this long. */
const drainMs = 3_000;

/** Opens the door: one HTTP server, one reader of the stream. @throws Problem E_CONFIG, E_PORT_TAKEN */
export async function openDoor(service: Parts<GatewayConfig>): Promise<Door> {
  const { config, events, log } = service;
  const address = addressOf(config);
  const closing = new AbortController();
  const [issuers, hookSecrets] = await Promise.all([
    readIssuers(config.JACKFIELD_OIDC),
    readHookSecrets(config.JACKFIELD_HOOKS),
  ]);
  const parts = { ...partsOf(service, closing.signal), issuers, hookSecrets };
  const { live, book, tokens } = parts;
  const rate = new Buckets(config.JACKFIELD_GATEWAY_RATE);
  const app = createApp({
    adminToken: config.JACKFIELD_TOKEN,
    find: (text, from) => book.find(text, from),
    ask: (name) => rate.take(name),
    hasTicket: (request) => hasTicket(request, tokens),
    names: ownNames(config),
  });
  const outward = openOutward(parts, { config, listensAt: () => urlOf(app) });
  registerRoutes(app, parts, outward);
  const requests = watchRequests(app);
  await listen(app, address);
  log.info({ event: "gateway.listening", url: urlOf(app) }, `the gateway listens on ${urlOf(app)}`);
  const reading = Promise.all(
    [live, book, outward.webhooks, outward.subscriptions].map((part) => part.run(closing.signal)),
  );
  return {
    ready: () => events.connected && live.held !== undefined,
    close: async () => {
      closing.abort();
      await Promise.all([reading, closeWithin(app, requests.none(), drainMs)]);
    },
  };
}

function partsOf(
  service: Parts<GatewayConfig>,
  closing: AbortSignal,
): Omit<GatewayParts, "issuers" | "hookSecrets"> {
  const { config, events, publisher, artifacts, database, health, log } = service;
  const store = new TokenStore(database);
  return {
    events,
    publisher,
    artifacts,
    health,
    log,
    live: new LiveLog(events, log),
    contracts: new Contracts(events),
    asked: askOfEvents(events),
    tokens: createTokens(config.JACKFIELD_GATEWAY_SECRET ?? randomBytes(32).toString("hex")),
    database,
    store,
    book: new TokenBook(store, log),
    mostStreams: { all: config.JACKFIELD_GATEWAY_STREAMS, each: config.JACKFIELD_GATEWAY_TOKEN_STREAMS },
    heartbeatMs: config.JACKFIELD_GATEWAY_HEARTBEAT_SECONDS * 1_000,
    closing,
  };
}

/** Every route of `spec/http`, and the four that every process has. */
export function registerRoutes(app: FastifyInstance, parts: GatewayParts, outward: Outward): void {
  servePostEvents(app, parts);
  serveStream(app, parts);
  serveQuestions(app, parts);
  serveArtifacts(app, parts);
  serveReaders(app, parts);
  servePulling(app, parts);
  serveTasks(app, parts);
  serveTokens(app, parts);
  serveExchange(app, parts);
  serveHooks(app, parts);
  serveWebhooks(app, outward);
  serveSubscriptions(app, parts, outward);
  serveHealth(app, parts.health);
}

async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) throw cause;
    throw new Problem("E_PORT_TAKEN", `Port ${port} on ${host} is in use by another program.`, {
      next: "end that program, or set JACKFIELD_GATEWAY_PORT to a free port",
      cause,
    });
  }
}

function urlOf(app: FastifyInstance): string {
  const [address] = app.addresses();
  if (address === undefined || typeof address === "string") return "";
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** Counts the requests that are at work, so that closing waits for those and not for connections that say nothing. */
function watchRequests({ server }: FastifyInstance): { none(): Promise<void> } {
  let atWork = 0;
  let tell: () => void = () => undefined;
  server.on("request", (_request, response: ServerResponse) => {
    atWork += 1;
    response.once("close", () => {
      atWork -= 1;
      if (atWork === 0) tell();
    });
  });
  return { none: () => new Promise((resolve) => (atWork === 0 ? resolve() : (tell = resolve))) };
}

async function closeWithin(app: FastifyInstance, done: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  const enough = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  const closed = app.close();
  await Promise.race([done, enough]);
  timer.abort();
  app.server.closeAllConnections();
  await closed;
}
