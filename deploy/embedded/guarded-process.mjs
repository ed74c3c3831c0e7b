import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Socket, connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/**
 * The guard is a shell that holds the read end of a pipe from us. However we end, also by SIGKILL, the pipe closes:
 * then it sends the signal, and SIGKILL after 10 s. Stopping in good order is the same way, so it is tried daily.
 * `read` is built into the shell: no further process, and the shell reaps both its children.
 */
const guard = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3
  trap "" TERM
  kill -s "$signal" "$server" 2>/dev/null
  left=500
  while kill -0 "$server" 2>/dev/null && [ "$left" -gt 0 ]; do sleep 0.02; left=$((left - 1)); done
  kill -s KILL "$server" 2>/dev/null
} &
watcher=$!
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
wait "$watcher"
exit "$code"
`;

/**
 * @typedef {object} GuardedProcess
 * @property {Promise<number>} exited resolves with the exit code (128 + n after signal n), never rejects
 * @property {() => boolean} running
 * @property {() => Promise<void>} stop sends the signal, SIGKILL after 10 s, and waits for the end
 */

/**
 * Starts a server that cannot outlive this process. It leads a session of its own, so that Ctrl-C in a
 * terminal reaches only us, and we can stop in order.
 * @param {{ command: string, args: string[], cwd: string, logFd: number, signal: string,
 *   uid?: number | undefined, gid?: number | undefined }} what
 * @returns {GuardedProcess}
 */
export function startGuarded({ command, args, cwd, logFd, signal, uid, gid }) {
  const child = spawn("/bin/sh", ["-c", guard, "guard", signal, command, ...args], {
    cwd,
    detached: true,
    stdio: ["pipe", logFd, logFd],
    // Servers get no setting and no secret of ours; the run's mark lets the test run find what was left.
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC", ...mark() },
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  let running = true;
  /** @type {Promise<number>} */
  const exited = new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 137));
  }).then((/** @type {unknown} */ code) => {
    running = false;
    child.stdin?.destroy();
    return Number(code);
  });
  child.stdin?.on("error", () => undefined);
  // A program that forgets to stop its servers may still end: the pipe closes with it.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  const stop = async () => {
    child.stdin?.destroy();
    child.ref();
    await exited;
  };
  return { exited, running: () => running, stop };
}

const mark = () => {
  const run = process.env["JACKFIELD_TEST_RUN"];
  return run === undefined ? {} : { JACKFIELD_TEST_RUN: run };
};

/** A port of the loopback interface that is free now. */
export async function freePort() {
  const server = createServer();
  /** @type {number} */
  const port = await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Does anything answer on this port of the loopback interface?
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function portAnswers(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * The command line of a process, "" when there is none. Slim images have no `ps`, a Mac has no /proc.
 * @param {number} pid
 */
export async function commandOf(pid) {
  const linux = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (linux !== undefined) return linux.replaceAll("\0", " ").trim();
  const answer = await promisify(execFile)("ps", ["-o", "args=", "-p", String(pid)]).catch(() => undefined);
  return answer?.stdout.trim() ?? "";
}

/**
 * Sends a signal to a process that is not our child, and waits for its end; SIGKILL at the deadline.
 * @param {number} pid
 * @param {"SIGTERM" | "SIGINT"} signal
 */
export async function stopForeign(pid, signal, withinMs = 10_000) {
  if (!isAlive(pid)) return;
  process.kill(pid, signal);
  for (let waited = 0; isAlive(pid); waited += 20) {
    if (waited === withinMs) process.kill(pid, "SIGKILL");
    await delay(20);
  }
}

/**
 * The last lines of a log, for the problem that quotes it.
 * @param {string} file
 */
export function lastLines(file) {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-8).join("\n");
  } catch {
    return "(no log)";
  }
}
