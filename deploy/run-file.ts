import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@jackfield/problem/problem";
import { z } from "zod";
import { commandOf, isAlive, stopForeign } from "./embedded/guarded-process.mjs";

const server = z.object({ url: z.string(), port: z.number(), pid: z.number(), folder: z.string() });

/** What runs in a folder, for other programs: `.jackfield/run.json`, readable by its owner only. */
export const runFile = z.object({
  state: z.enum(["starting", "up"]),
  pid: z.number(),
  /** The command line of that process: its id alone may have been given to another one since. */
  command: z.string(),
  startedAt: z.string(),
  /** The gateway. */
  url: z.string().optional(),
  /** NATS (`creds`: the path of an administrator's) and PostgreSQL (superuser); absent where servers of somebody else are used. */
  nats: server.extend({ creds: z.string() }).optional(),
  postgres: server.optional(),
  /** As the services were given them. */
  settings: z.record(z.string(), z.string()).optional(),
  logs: z.string().optional(),
  services: z
    .array(z.object({ name: z.string(), pid: z.number(), health: z.string().optional() }))
    .optional(),
});

export type RunFile = z.output<typeof runFile>;

export const jackfieldFolder = (folder: string): string => join(folder, ".jackfield");

const fileIn = (folder: string): string => join(jackfieldFolder(folder), "run.json");

/** What runs in `folder`, or undefined; what a killed supervisor left counts as nothing. */
export async function readRun(folder: string): Promise<RunFile | undefined> {
  const text = await readFile(fileIn(folder), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const run = runFile.safeParse(JSON.parse(text)).data;
  if (run === undefined || !isAlive(run.pid)) return undefined;
  const same = (await commandOf(run.pid)) === run.command;
  return same && run.pid !== process.pid ? run : undefined;
}

/** Folders that this process holds: its own id tells it nothing. */
const held = new Set<string>();

/** Claims a folder for this process. Of two at once, one wins. @throws Problem E_RUNNING */
export async function claimFolder(folder: string): Promise<RunFile> {
  await mkdir(jackfieldFolder(folder), { recursive: true });
  const claim: RunFile = {
    state: "starting",
    pid: process.pid,
    command: await commandOf(process.pid),
    startedAt: new Date().toISOString(),
  };
  const temporary = `${fileIn(folder)}.${process.pid}.claim`;
  await writeFile(temporary, JSON.stringify(claim), { mode: 0o600 });
  try {
    for (;;) {
      const running = held.has(folder) ? claim : await readRun(folder);
      if (running !== undefined) throw alreadyUp(running, folder);
      // A link is there whole or not at all, and only one of two can make it.
      const won = await link(temporary, fileIn(folder)).then(
        () => true,
        () => false,
      );
      if (won) break;
      // Left by a process that is gone.
      await rm(fileIn(folder), { force: true });
    }
  } finally {
    await rm(temporary);
  }
  held.add(folder);
  return claim;
}

const alreadyUp = (run: RunFile, folder: string): Problem =>
  new Problem("E_RUNNING", `Jackfield is already ${run.state} in ${folder}.`, {
    why: `process ${run.pid}, since ${run.startedAt}${run.url === undefined ? "" : `, ${run.url}`}`,
    next: "use it, or stop it first: jackfield up --stop",
  });

/** Stops what runs in a folder and waits for its orderly end; undefined when nothing runs there. */
export async function stopRun(folder: string): Promise<RunFile | undefined> {
  const run = await readRun(folder);
  if (run !== undefined) await stopForeign(run.pid, "SIGTERM", 30_000);
  return run;
}

/** Replaces the claim in one step, so that nobody reads half a file. */
export async function writeRun(folder: string, run: RunFile): Promise<void> {
  const temporary = `${fileIn(folder)}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, fileIn(folder));
}

export async function releaseFolder(folder: string): Promise<void> {
  held.delete(folder);
  await rm(fileIn(folder), { force: true });
}
