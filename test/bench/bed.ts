import { mkdtemp, chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { findNatsServer, startNats, type NatsServer } from "../../deploy/embedded/nats-server.mjs";
import { startPostgres, type PostgresServer } from "../../deploy/embedded/postgres.mjs";
import { keepServer, type Server } from "../../deploy/kept-server.ts";
import { bundlePrograms } from "../bed/bundle.ts";
import { startNode, type RunningNode } from "./run-node.ts";

/** What figures share: the servers, the programs, a folder on the disk that is measured. */
export interface Bed extends AsyncDisposable {
  /** The house's root. */
  readonly house: string;
  /** Gone at the end; PostgreSQL's own user can reach it. */
  readonly folder: string;
  /** A server for all figures, with its default sync or with one that writes each message through to the disk. */
  nats(sync?: "always"): Promise<NatsServer>;
  /** A durable server: fsync and synchronous_commit on. */
  postgres(): Promise<PostgresServer>;
  /** Starts a bundled program of `programs/`, or a file of the production build, in a process of its own. */
  start(program: string, args?: string[], environment?: Record<string, string>): Promise<RunningNode>;
  /** An empty database; answers with the superuser's URL. */
  freshDatabase(): Promise<string>;
  dropDatabase(url: string): Promise<void>;
  /** A word that nothing else on this bed uses. */
  word(): string;
  /** Progress, for whoever waits. */
  say(line: string): void;
}

const house = fileURLToPath(new URL("../..", import.meta.url));

/** Everything starts when it is first asked for, and ends with the bed. */
export async function openBed(say: (line: string) => void): Promise<Bed> {
  // Not the temporary folder, which may lie in memory: its fsync would cost nothing.
  const folder = await mkdtemp("/var/tmp/jackfield-bench-");
  await chmod(folder, 0o755);
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stopping: Stopping = (started) => {
    stops.push(started.stop);
    return started;
  };
  const { nats, postgres } = serversIn(folder, say, stopping);
  const programs = once(() => bundlePrograms({ from: "test/bench/programs", name: "jackfield-bench" }));
  let words = 0;
  return {
    house,
    folder,
    nats: async (sync) => (await nats[sync ?? "usual"]()).current(),
    postgres: async () => (await postgres()).current(),
    say,
    word: () => `bench${(words += 1)}`,
    start: async (program, args = [], environment = {}) =>
      stopping(startNode(await fileOf(program, programs), args, environment)),
    freshDatabase: async () => {
      const { url } = (await postgres()).current();
      const name = `database${(words += 1)}`;
      await administer(url, `create database ${name}`);
      return inDatabase(url, name);
    },
    dropDatabase: (url) => administer(url, `drop database ${new URL(url).pathname.slice(1)} with (force)`),
    [Symbol.asyncDispose]: async () => {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

type Stopping = <T extends { stop: () => Promise<unknown> }>(started: T) => T;

/** Each starts when it is first asked for. What is killed is started again on its port, as `up` does. */
function serversIn(folder: string, say: (line: string) => void, stopping: Stopping) {
  const kept = <Kind extends Server>(start: (port: number | undefined) => Promise<Kind>) =>
    once(async () => stopping(await keepServer(start, { log: say, changed: () => undefined })));
  const natsIn = (name: string, syncAlways: boolean) =>
    kept(async (port = 0) => {
      const binary = await findNatsServer({ say });
      return startNats({ binary, folder: join(folder, name), syncAlways, port });
    });
  return {
    nats: { usual: natsIn("nats", false), always: natsIn("nats-sync", true) },
    postgres: kept((port = 0) => startPostgres({ folder: join(folder, "postgres"), durable: true, port })),
  };
}

/** A bundled program by its name, a file of the house by its path. */
const fileOf = async (program: string, programs: () => Promise<string>): Promise<string> =>
  program.includes("/") ? join(house, program) : join(await programs(), `${program}.mjs`);

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inDatabase(url, "postgres") });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

const inDatabase = (url: string, name: string): string => url.replace(/\/[^/]*$/, `/${name}`);

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
