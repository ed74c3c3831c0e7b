import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { openEvents } from "@jackfield/events/connection";
import { ensureStream } from "@jackfield/events/stream";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import { Problem } from "@jackfield/problem/problem";
import {
  readConfig,
  streamOptionsIn,
  streamSettings,
  type Environment,
} from "@jackfield/service/configuration";
import type { Service } from "@jackfield/service/define";
import { describe, keepFile, processesOf } from "./describe-run.ts";
import { gatewaySecret } from "./gateway-secret.ts";
import { keepCredentials } from "./nats-authority.ts";
import { freePort, portAnswers } from "./embedded/guarded-process.mjs";
import { claimFolder, jackfieldFolder, releaseFolder, type RunFile } from "./run-file.ts";
import { runApart, runTogether } from "./run-services.ts";
import { loadService, serviceNames } from "./services.ts";
import { migrateService } from "./start-one.ts";
import { startStores, type Stores } from "./stores.ts";

export { readRun, stopRun } from "./run-file.ts";
export { handlerToken } from "./nats-authority.ts";
export { openRestoring } from "./restore-stream.ts";
export { startOne } from "./start-one.ts";

export const usualPorts = { gateway: 7733, nats: 4222, postgres: 7735 };
export const freePorts = { gateway: 0, nats: 0, postgres: 0 };

export interface UpOptions {
  /** `.jackfield` lies in it. */
  folder: string;
  /** 0 takes a free one. */
  ports?: typeof usualPorts;
  /** Free ports and a temporary folder that is removed at the end; survives dead processes, not a power cut. */
  ephemeral?: boolean;
  /** Each service in a process of its own. */
  isolate?: boolean;
  /** Only these services; all unless given. */
  services?: string[];
  environment?: Environment;
  /** What a person should read: downloads, warnings, restarts. */
  log?: (line: string) => void;
}

export interface Up {
  /** The gateway's. */
  url: string;
  /** The content of run.json. */
  run: RunFile;
  processes: { name: string; pid: number }[];
  tookMs: number;
  /** Services that are there and could not begin yet, with the reason: a handler without a conductor, say. */
  notReady: string[];
  /** Services drain, then PostgreSQL, then NATS. May be called again. */
  stop: () => Promise<void>;
}

/**
 * Starts NATS, PostgreSQL and the services, and waits until all are ready, at most 10 s. What dies is started again.
 * @throws Problem E_RUNNING, E_PORT_TAKEN, E_NATS_MISSING, E_POSTGRES, E_MIGRATION, E_CONFIG; then nothing is left running
 */
export async function up(options: UpOptions): Promise<Up> {
  const began = performance.now();
  const folder = options.ephemeral === true ? await temporaryFolder() : resolve(options.folder);
  const claim = await claimFolder(folder);
  const undo: (() => Promise<unknown>)[] = [() => releaseFolder(folder)];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= inReverse(undo));
  if (options.ephemeral === true) undo.unshift(() => rm(folder, { recursive: true, force: true }));
  try {
    const started = await start(options, folder, claim, undo);
    return { ...started, url: started.run.url ?? "", tookMs: Math.round(performance.now() - began), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** PostgreSQL, which is another user when we are root, has to get in. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-"));
  await chmod(folder, 0o755);
  return folder;
}

async function inReverse(undo: (() => Promise<unknown>)[]): Promise<void> {
  for (const step of undo.reverse()) await step();
}

async function start(
  options: UpOptions,
  folder: string,
  claim: RunFile,
  undo: (() => Promise<unknown>)[],
): Promise<Pick<Up, "run" | "processes" | "notReady">> {
  const { environment = process.env, log = () => undefined } = options;
  const home = jackfieldFolder(folder);
  const ports = options.ephemeral === true ? freePorts : (options.ports ?? usualPorts);
  const url = await gatewayUrl(ports.gateway);
  const logs = join(home, "logs");
  await Promise.all(
    ["artifacts", "work", "logs/commands"].map((name) => mkdir(join(home, name), { recursive: true })),
  );
  const file = keepFile(folder);
  const { changed } = file;
  const [services, stores] = await both(
    Promise.all((options.services ?? (await serviceNames())).map(loadService)),
    startStores({ home, ports, durable: options.ephemeral !== true, environment, log, changed }),
  );
  undo.push(stores.stop);
  const secret = await gatewaySecret(home);
  const shared = settings({ environment, stores, home, url, secret, project: resolve(options.folder) });
  const environmentOf = await prepare(services, stores, shared);
  const run = options.isolate === true ? runApart : runTogether;
  const running = await run({ services, environmentOf, logs, log, changed });
  undo.push(running.stop, file.end);
  // The system starts with any service absent, so who waits for another does not keep the rest from coming up.
  const notReady = await running.notReady(10_000);
  for (const line of notReady) log(`WARNING  ${line}`);
  const content = (): RunFile => describe({ claim, stores, running, shared, logs });
  const written = content();
  await file.begin(content);
  return { run: written, processes: processesOf(written), notReady };
}

interface Wired {
  environment: Environment;
  stores: Stores;
  home: string;
  url: string;
  secret: string;
  project: string;
}

/** What all services are told, over what this process was told itself. */
const settings = ({ environment, stores, home, url, secret, project }: Wired): Environment => ({
  ...environment,
  JACKFIELD_NATS_URL: stores.natsUrl,
  JACKFIELD_ARTIFACTS_URL:
    environment["JACKFIELD_ARTIFACTS_URL"] ?? pathToFileURL(join(home, "artifacts")).href,
  JACKFIELD_URL: url,
  JACKFIELD_GATEWAY_PORT: undefined,
  JACKFIELD_GATEWAY_SECRET: environment["JACKFIELD_GATEWAY_SECRET"] ?? secret,
  JACKFIELD_WORK: join(home, "work"),
  JACKFIELD_LOGS: join(home, "logs", "commands"),
  // Packages of user code are found where the project lies.
  JACKFIELD_ENVIRONMENT: environment["JACKFIELD_ENVIRONMENT"] ?? project,
});

/** Waits for both also when one fails, so that what came up can be stopped. */
async function both<Left>(left: Promise<Left>, right: Promise<Stores>): Promise<[Left, Stores]> {
  const [first, second] = await Promise.allSettled([left, right]);
  if (second.status === "rejected") throw second.reason;
  if (first.status === "fulfilled") return [first.value, second.value];
  await second.value.stop();
  throw first.reason;
}

async function gatewayUrl(port: number): Promise<string> {
  if (port !== 0 && (await portAnswers(port))) {
    throw new Problem(
      "E_PORT_TAKEN",
      `Port ${port}, which the gateway needs, is in use by another program.`,
      {
        next: "stop that program, or let Jackfield take free ports: jackfield up --ephemeral",
      },
    );
  }
  return `http://127.0.0.1:${port === 0 ? await freePort() : port}`;
}

/** Makes the stream, roles and schemas, and migrates; answers with the environment of each service. */
async function prepare(
  services: Service[],
  stores: Stores,
  shared: Environment,
): Promise<(service: Service) => Environment> {
  const stateful = services.filter((service) => service.stateful).map((service) => service.name);
  const credentials = await natsCredentials(stores, shared["JACKFIELD_PREFIX"]);
  const [urls] = await Promise.all([
    prepareDatabase({ adminUrl: stores.postgresUrl, services: stateful }),
    prepareStream(stores.natsUrl, { ...shared, ...credentials("admin") }),
  ]);
  // A service knows its own role and credential only; who has no state, no role.
  const environmentOf = (service: Service): Environment => ({
    ...shared,
    ...credentials(service.name),
    JACKFIELD_POSTGRES_URL: urls[service.name],
  });
  await Promise.all(services.map((service) => migrateService(service, environmentOf(service))));
  return environmentOf;
}

/** For a user of our own NATS, the setting that names its credential. */
async function natsCredentials(
  { authority, natsFolder }: Stores,
  prefix: string | undefined,
): Promise<(user: string) => Environment> {
  if (authority === undefined) return () => ({});
  const house = await serviceNames();
  const paths = await keepCredentials(natsFolder, authority, { prefix, house });
  return (user) => ({ JACKFIELD_NATS_CREDS: paths.get(user) });
}

/** The tracker makes it, too; with this one the others need not wait for it, and do without it. */
async function prepareStream(url: string, told: Environment): Promise<void> {
  const path = told["JACKFIELD_NATS_CREDS"];
  const creds = path === undefined ? undefined : await readFile(path, "utf8");
  await using events = await openEvents({ url, name: "launcher", prefix: told["JACKFIELD_PREFIX"], creds });
  await ensureStream(events, streamOptionsIn(readConfig(streamSettings, told)));
}
