import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { startNats, type NatsBinary, type NatsServer } from "../../deploy/embedded/nats-server.mjs";

/** A word of letters and digits that no other test of this machine uses: a stream prefix, a database name. */
export const prefix = (): string => `t${randomBytes(6).toString("hex")}`;

async function fromBed<T>(what: "nats" | "postgres", parse: (answer: unknown) => T): Promise<T> {
  const response = await fetch(`${inject("bedUrl")}/${what}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return parse(JSON.parse(text));
}

/** The nats-server of one test file. `url` and `port` stay the same over a restart. */
export interface FileNats {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL, and waits until it is dead. */
  kill(): Promise<void>;
  /** Starts it again on the same files and port. */
  restart(): Promise<void>;
}

/** Call it at the top of a file: one server for its tests, on a free port, stopped after the last. */
export function natsForThisFile(options: { syncAlways?: boolean; accounts?: string[] } = {}): FileNats {
  let folder = "";
  let running: NatsServer | undefined;
  const server = (): NatsServer => {
    if (running === undefined) throw new Error("the nats-server of this file runs only inside its tests");
    return running;
  };
  const start = async (port: number): Promise<void> => {
    running = await startNats({ binary: await natsBinary(), folder, port, ...options });
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "jackfield-nats-"));
    await start(0);
  });
  afterAll(async () => {
    await running?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get url() {
      return server().url;
    },
    get port() {
      return server().port;
    },
    get pid() {
      return server().pid;
    },
    async kill() {
      process.kill(server().pid, "SIGKILL");
      await server().exited;
    },
    async restart() {
      const { port, stop } = server();
      await stop();
      await start(port);
    },
  };
}

/** The nats-server program of this run, for tests that start servers of their own. */
export const natsBinary = (): Promise<NatsBinary> =>
  // The host of this run wrote it; only JSON lies between.
  fromBed("nats", (answer) => answer as NatsBinary);

/** A database of one test; `url` is the superuser's. `await using` drops it. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

/** What a database starts with: made once a run under this name, then cloned. */
export interface Template {
  name: string;
  prepare(url: string): Promise<void>;
}

/** An empty database, or a clone of a prepared one. `prepare` must close its connections. */
export async function freshDatabase(template?: Template): Promise<TestDatabase> {
  // The host of this run wrote it; only JSON lies between.
  const { url: serverUrl } = await fromBed("postgres", (answer) => answer as { url: string });
  const name = prefix();
  await asAdministrator(serverUrl, async (client) => {
    const source = template === undefined ? "template0" : await prepared(client, serverUrl, template);
    await client.query(`create database ${name} template ${source}`);
  });
  const drop = (): Promise<void> =>
    asAdministrator(serverUrl, async (client) => {
      await client.query(`drop database if exists ${name} with (force)`);
    });
  return { url: inDatabase(serverUrl, name), name, drop, [Symbol.asyncDispose]: drop };
}

/** Two files may ask for the same template at once: the lock lets one make it, the other finds it. */
async function prepared(client: pg.Client, serverUrl: string, template: Template): Promise<string> {
  const name = `template_${template.name.replaceAll(/[^a-z0-9]/g, "_")}`;
  await client.query("select pg_advisory_lock(hashtext($1))", [name]);
  try {
    const found = await client.query("select from pg_database where datname = $1", [name]);
    if (found.rowCount !== 0) return name;
    const making = prefix();
    await client.query(`create database ${making} template template0`);
    await template.prepare(inDatabase(serverUrl, making));
    await client.query(`alter database ${making} rename to ${name}`);
    return name;
  } finally {
    await client.query("select pg_advisory_unlock(hashtext($1))", [name]);
  }
}

const inDatabase = (url: string, name: string): string => url.replace(/\/[^/]*$/, `/${name}`);

async function asAdministrator<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: inDatabase(url, "postgres") });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
