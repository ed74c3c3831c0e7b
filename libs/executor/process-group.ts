import { readdir, readFile } from "node:fs/promises";

/** Sends a signal to every process of a group; false when none is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Kills what is left of a command: its group, and processes that left the group but still carry `mark`
 * (which is in their environment and in nobody else's). Answers how many such there were.
 * Where there is no /proc, only the group is found.
 */
export async function killRest(leader: number | undefined, mark: string | undefined): Promise<number> {
  if (leader !== undefined) signalGroup(leader, "SIGKILL");
  if (mark === undefined) return 0;
  let killed = 0;
  // A process that forks while we look is found in the next round.
  for (let round = 0; round < 5; round += 1) {
    const marked = await processesWith(mark);
    const found = marked.filter((pid) => signalProcess(pid, "SIGKILL")).length;
    killed += found;
    if (found === 0) break;
  }
  return killed;
}

function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Living processes with `mark` in their environment, without our own. */
async function processesWith(mark: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await allProcesses()) {
    if (pid === process.pid) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (environment.includes(mark)) found.push(pid);
  }
  return found;
}

/**
 * Memory of a command's group in bytes, or undefined where there is no /proc.
 * Resident sizes count a shared page once for each process, so above `limit` the exact proportional size is asked for.
 */
export async function groupMemory(leader: number, limit: number): Promise<number | undefined> {
  const members: number[] = [];
  for (const pid of await allProcesses()) {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
    // The name may hold blanks and parentheses; after the last one: state, parent, group, session.
    const [, , group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(group) === leader || Number(session) === leader) members.push(pid);
  }
  if (members.length === 0) return undefined;
  const resident = await total(members, "status", /^VmRSS:\s+(\d+) kB/m);
  if (resident <= limit) return resident;
  const proportional = await total(members, "smaps_rollup", /^Pss:\s+(\d+) kB/m);
  return proportional === 0 ? resident : proportional;
}

async function total(members: readonly number[], file: string, kilobytes: RegExp): Promise<number> {
  let sum = 0;
  for (const pid of members) {
    const text = await readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "");
    sum += Number(kilobytes.exec(text)?.[1] ?? 0) * 1024;
  }
  return sum;
}

async function allProcesses(): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
