import { readFile, readdir } from "node:fs/promises";

/** Ticks of the kernel's clock in a second; fixed at 100 for user space on Linux. */
const ticksPerSecond = 100;

interface Process {
  pid: number;
  parent: number;
  cpuSeconds: number;
  /** Of children that ended and were waited for. */
  endedCpuSeconds: number;
}

/** Reads `/proc/<pid>/stat`; undefined for a process that is gone. Linux only. */
async function processOf(pid: number): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name may hold anything, also ")": the fields begin after the last one, with the state.
  const fields = stat
    .slice(stat.lastIndexOf(") ") + 2)
    .split(" ")
    .map(Number);
  const [, parent = 0] = fields;
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11);
  return {
    pid,
    parent,
    cpuSeconds: (user + system) / ticksPerSecond,
    endedCpuSeconds: (endedUser + endedSystem) / ticksPerSecond,
  };
}

async function allProcesses(): Promise<Process[]> {
  const names = await readdir("/proc").catch(() => [] as string[]);
  const found = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => processOf(Number(name))),
  );
  return found.filter((process) => process !== undefined);
}

/** A process and everything below it. */
export async function familyOf(root: number): Promise<number[]> {
  return familyIn(await allProcesses(), root).map(({ pid }) => pid);
}

function familyIn(processes: readonly Process[], root: number): Process[] {
  const family = processes.filter(({ pid }) => pid === root);
  for (const member of family) family.push(...processes.filter(({ parent }) => parent === member.pid));
  return family;
}

/** CPU seconds that a process and its children, living and ended, have used so far. */
export async function cpuSeconds(root: number): Promise<number> {
  const family = familyIn(await allProcesses(), root);
  return family.reduce((sum, process) => sum + process.cpuSeconds + process.endedCpuSeconds, 0);
}

/** CPU seconds of several processes by name, while `work` runs. */
export async function cpuWhile(
  pids: Readonly<Record<string, number>>,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const read = () => Promise.all(Object.values(pids).map(cpuSeconds));
  const before = await read();
  await work();
  const after = await read();
  return Object.fromEntries(
    Object.keys(pids).map((name, index) => [name, (after[index] ?? 0) - (before[index] ?? 0)]),
  );
}

/** Memory in MB (10^6 bytes); 0 for a process that is gone. */
export interface Memory {
  /** Proportional set size: its own, and its share of what it shares with any other process. */
  pss: number;
  /** What is shared counts in full in each process. */
  rss: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0) * 1_024) / 1e6;
  return { pss: megabytes("Pss"), rss: megabytes("Rss") };
}

export async function commandOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return line.replaceAll("\0", " ").trim();
}
