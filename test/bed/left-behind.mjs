import { readFileSync, readdirSync } from "node:fs";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";

/** @typedef {{ pid: number, parent: number, since: string, command: string, env: string }} Process */

/** @param {string} file */
const text = (file) => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it ended meanwhile, or is another user's
  }
};

/** All processes of this machine but zombies, as /proc tells; none where there is no /proc. @returns {Process[]} */
function processes() {
  if (process.platform !== "linux") return [];
  const all = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    // The command's name may hold anything, also ")": the fields begin after the last one.
    const fields = text(`/proc/${name}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    const [state, parent, since] = [fields[0], Number(fields[1]), fields[19] ?? ""];
    if (state === undefined || state === "Z" || since === "") continue;
    const command = text(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim();
    all.push({ pid: Number(name), parent, since, command, env: text(`/proc/${name}/environ`) });
  }
  return all;
}

/**
 * Watches what `root` starts, directly or not: by descent while it runs, for what clears its environment, and by the
 * mark in the environment, for what was too quick to be seen.
 * @param {number} root
 * @param {string} mark NAME=value
 */
export function watchProcesses(root, mark) {
  /** @type {Map<string, Process>} */
  const seen = new Map();
  /** @param {Process} it */
  const key = (it) => `${it.pid} ${it.since}`;
  const look = () => {
    const now = processes();
    const ours = new Set([root]);
    // A child may be listed before its parent; three rounds reach deeper than anything here.
    for (let round = 0; round < 3; round += 1)
      for (const it of now) if (ours.has(it.parent) || it.env.includes(mark)) ours.add(it.pid);
    for (const it of now)
      if (ours.has(it.pid) && it.pid !== root && it.pid !== process.pid) seen.set(key(it), it);
    return now;
  };
  const timer = setInterval(look, 500);
  return {
    /** Stops watching; answers with what still runs after a grace for orderly ends. @returns {Promise<Process[]>} */
    async leftBehind() {
      clearInterval(timer);
      for (let waited = 0; ; waited += 50) {
        const alive = new Set(look().map(key));
        const left = [...seen.values()].filter((it) => alive.has(key(it)));
        if (left.length === 0 || waited >= 3_000) return left;
        await delay(50);
      }
    },
  };
}
