import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, isAlive, lastLines, portAnswers, startGuarded, stopForeign } from "./guarded-process.mjs";
import { can, reachableFolder, runnablePostgres, serverUser } from "./postgres-binaries.mjs";
import { ourData } from "./postgres-data.mjs";
import { Refusal } from "./refusal.mjs";

/**
 * @typedef {object} PostgresServer
 * @property {string} url of the superuser, database jackfield
 * @property {number} port
 * @property {number} pid of the server itself
 * @property {string} version as in 18.4
 * @property {string} folder where data and log lie; not the one asked for when the server's user cannot reach that
 * @property {boolean} adopted it was already running on this folder
 * @property {Promise<number>} exited exit code; for an adopted server it never resolves
 * @property {() => Promise<void>} stop
 */

const durableSettings = ["shared_buffers=64MB", "max_connections=100"];
// A commit still goes to the system before it is told, so it outlives the server's process; only a power cut forgets.
const forgetfulSettings = ["fsync=off", "full_page_writes=off", "max_connections=300"];
const settings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "timezone=UTC",
  "log_timezone=UTC",
  "jit=off",
  "idle_in_transaction_session_timeout=5min",
];

/**
 * Starts PostgreSQL on 127.0.0.1 with its data in `folder`; `port` 0 takes a free one. `durable: false` trades
 * safety for speed and is for tests. It makes a database only in an empty folder, deletes no data and no lock: after a
 * crash PostgreSQL itself judges the lock. A server that still runs on the folder is adopted.
 * @param {{ folder: string, port?: number, durable: boolean }} options
 * @returns {Promise<PostgresServer>} @throws Refusal E_POSTGRES, E_PORT_TAKEN
 */
export async function startPostgres({ folder, port = 0, durable }) {
  const asked = resolve(folder);
  await mkdir(asked, { recursive: true, mode: 0o755 });
  const user = serverUser(join(asked, "data"));
  const home = can("-x", asked, user) ? asked : join(reachableFolder(asked), "postgres");
  await mkdir(home, { recursive: true, mode: 0o755 });
  const binaries = runnablePostgres(user);
  const marker = await ourData({ home, binaries, user: serverUser(join(home, "data")), durable });
  const adopted = await adopt(home, marker);
  if (adopted !== undefined) return adopted;
  if (port !== 0 && (await portAnswers(port))) throw portTaken(port);
  return start({ home, binaries, marker, durable }, port === 0 ? await freePort() : port);
}

/** @param {number} port */
const portTaken = (port) =>
  new Refusal("E_PORT_TAKEN", `Port ${port}, which PostgreSQL needs, is in use by another program.`, {
    next: "stop that program, or let Jackfield take free ports: jackfield up --ephemeral",
  });

/**
 * @typedef {object} Place
 * @property {string} home
 * @property {{ bin: string, version: string }} binaries
 * @property {import("./postgres-data.mjs").Marker} marker
 * @property {boolean} durable
 */

/**
 * @param {Place} place
 * @param {number} port
 * @returns {Promise<PostgresServer>}
 */
async function start({ home, binaries, marker, durable }, port) {
  const log = join(home, "postgres.log");
  const logFd = openSync(log, "a");
  const chosen = [...settings, ...(durable ? durableSettings : forgetfulSettings)].flatMap((line) => [
    "-c",
    line,
  ]);
  const guarded = startGuarded({
    command: join(binaries.bin, "postgres"),
    args: ["-D", join(home, "data"), "-p", String(port), ...chosen],
    cwd: home,
    logFd,
    // INT ends open transactions and writes a checkpoint; QUIT does neither, and nobody wants a test's data.
    signal: durable ? "INT" : "QUIT",
    ...serverUser(join(home, "data")),
  });
  closeSync(logFd);
  const url = urlOf(marker, port);
  // Recovery after a crash may take long, and is waited for.
  const ready = await waitUntilReady(home, url, () => guarded.running(), durable ? 120_000 : 30_000);
  if (!ready) {
    await guarded.stop();
    if (/could not bind|Address already in use/.test(lastLines(log))) throw portTaken(port);
    throw new Refusal("E_POSTGRES", "PostgreSQL did not start.", { why: lastLines(log), here: log });
  }
  await makeDatabase(url);
  const pid = lockOf(home)?.pid ?? 0;
  const { exited, stop } = guarded;
  return { url, port, pid, version: binaries.version, folder: home, adopted: false, exited, stop };
}

/**
 * @param {import("./postgres-data.mjs").Marker} marker
 * @param {number} port
 */
const urlOf = (marker, port) => `postgres://postgres:${marker.password}@127.0.0.1:${port}/jackfield`;

/** @param {string} home */
function lockOf(home) {
  const file = join(home, "data", "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

/**
 * A lock alone proves nothing: process ids are given again. The server has to answer with our password and our folder.
 * @param {string} home
 * @param {import("./postgres-data.mjs").Marker} marker
 * @returns {Promise<PostgresServer | undefined>}
 */
async function adopt(home, marker) {
  const lock = lockOf(home);
  if (lock === undefined || !isAlive(lock.pid) || !(lock.port > 0)) return undefined;
  const url = urlOf(marker, lock.port);
  const { pid, port } = lock;
  if (!(await waitUntilReady(home, url, () => isAlive(pid), 5_000))) return undefined;
  await makeDatabase(url);
  const stop = () => stopForeign(pid, "SIGINT");
  const exited = /** @type {Promise<number>} */ (new Promise(() => undefined));
  return { url, port, pid, version: marker.version, folder: home, adopted: true, exited, stop };
}

/**
 * Waits through start-up and recovery (57P03) until the server answers and says that it serves our folder.
 * @param {string} home
 * @param {string} url
 * @param {() => boolean} running
 * @param {number} withinMs
 */
async function waitUntilReady(home, url, running, withinMs) {
  const data = join(home, "data");
  const deadline = performance.now() + withinMs;
  while (running() && performance.now() < deadline) {
    const served = await ask(url, "show data_directory").catch(() => undefined);
    if (served !== undefined) return served["data_directory"] === data;
    await delay(10);
  }
  return false;
}

/** @param {string} url */
async function makeDatabase(url) {
  const found = await ask(url, "select 1 as found from pg_database where datname = 'jackfield'");
  if (found === undefined || found["found"] !== 1) await ask(url, "create database jackfield");
}

/**
 * One statement on the maintenance database; the first row of the answer.
 * @param {string} url
 * @param {string} statement
 * @returns {Promise<Record<string, unknown> | undefined>}
 */
async function ask(url, statement) {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url.replace(/\/jackfield$/, "/postgres") });
  client.on("error", () => undefined);
  try {
    await client.connect();
    /** @type {import("pg").QueryResult<Record<string, unknown>>} */
    const answer = await client.query(statement);
    return answer.rows[0] ?? {};
  } finally {
    await client.end().catch(() => undefined);
  }
}
