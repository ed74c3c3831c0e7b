import { constants } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killRest } from "./process-group.ts";

/** A fresh place for one run of a command; everything in it is thrown away on `close`. */
export interface WorkingFolder {
  root: string;
  in: string;
  out: string;
  code: string;
  home: string;
  tmp: string;
  progress: string;
  close(): Promise<void>;
}

/** Makes the folder `name` below `parent`; what an earlier attempt left there is removed first. */
export async function openWorkingFolder(parent: string, name: string): Promise<WorkingFolder> {
  const root = rootOf(parent, name);
  await remove(root);
  const [inputs, out, code] = [join(root, "in"), join(root, "out"), join(root, "code")];
  const [home, tmp] = [join(root, "home"), join(root, "tmp")];
  for (const folder of [inputs, out, code, home, tmp]) await mkdir(folder, { recursive: true });
  const progress = join(root, "progress.jsonl");
  await writeFile(progress, "");
  await writeFile(join(root, "owner"), await identityOf(process.pid));
  return { root, in: inputs, out, code, home, tmp, progress, close: () => remove(root) };
}

const rootOf = (parent: string, name: string): string =>
  join(parent, name.replaceAll(/[^A-Za-z0-9@._-]/g, "_"));

/** Is somebody who lives at work in the folder `name`? */
export async function isAtWork(parent: string, name: string): Promise<boolean> {
  const owner = await readFile(join(rootOf(parent, name), "owner"), "utf8").catch(() => undefined);
  return owner !== undefined && owner === (await identityOf(Number.parseInt(owner, 10)));
}

/** Copies a file into `in/`, read-only: a command that writes to its input must never reach the artifact itself. */
export async function layFile(folder: WorkingFolder, name: string, from: string): Promise<string> {
  const path = join(folder.in, name);
  await copyFile(from, path, constants.COPYFILE_FICLONE);
  await chmod(path, 0o444);
  return path;
}

export async function layJson(folder: WorkingFolder, name: string, content: unknown): Promise<string> {
  const path = join(folder.in, name);
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o444 });
  return path;
}

/** After a crash of ours: kills commands whose owner is gone and removes their folders. Answers how many folders. */
export async function sweepWorkingFolders(parent: string): Promise<number> {
  let swept = 0;
  for (const name of await readdir(parent).catch(() => [])) {
    const root = join(parent, name);
    const owner = await readFile(join(root, "owner"), "utf8").catch(() => undefined);
    if (owner === undefined || owner === (await identityOf(Number.parseInt(owner, 10)))) continue;
    await killRest(undefined, `JACKFIELD_OUT=${join(root, "out")}\0`);
    await remove(root);
    swept += 1;
  }
  return swept;
}

/** Process id and start time, because ids are used again; the id alone where there is no /proc. */
async function identityOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  if (stat !== undefined) return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  try {
    process.kill(pid, 0);
    return String(pid);
  } catch {
    return "gone";
  }
}

async function remove(root: string): Promise<void> {
  // A command may have taken away our right to look into a folder of its own.
  await rm(root, { recursive: true, force: true }).catch(async () => {
    await openUp(root);
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  });
}

async function openUp(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await openUp(join(folder, entry.name));
}
