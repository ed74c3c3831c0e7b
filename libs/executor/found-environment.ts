import { execFile } from "node:child_process";
import { lstat, readFile, realpath, stat, symlink } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { digestOf, digestOfJson } from "@jackfield/spec/event/canonical";

const execute = promisify(execFile);

/** What lies in a folder or above it for programs to run with: found, not built by us. */
export interface FoundEnvironment {
  nodeModules?: string;
  virtualEnvironment?: string;
  /** Facts about it for people and for the digest: versions and lock digests. */
  facts: Record<string, string>;
}

/** What a command runs in. `rebuilt: false`: it was found as it is, nobody can make it again from the record alone. */
export interface EnvironmentRecord {
  digest: string;
  rebuilt: boolean;
  facts: Record<string, string>;
}

/** The nearest `node_modules` and virtual environment (`.venv`, `venv`) in `folder` or above, with their lock files. */
export async function findEnvironment(folder: string): Promise<FoundEnvironment> {
  const found: FoundEnvironment = { facts: {} };
  const nodeModules = await nearest(folder, ["node_modules"]);
  if (nodeModules !== undefined) {
    found.nodeModules = nodeModules;
    Object.assign(found.facts, await lockOf(dirname(nodeModules), ["package-lock.json", "yarn.lock"]));
  }
  const python = await nearest(folder, [join(".venv", "bin", "python"), join("venv", "bin", "python")]);
  if (python !== undefined) {
    found.virtualEnvironment = dirname(dirname(python));
    const locks = ["uv.lock", "poetry.lock", "requirements.txt"];
    Object.assign(found.facts, await lockOf(dirname(found.virtualEnvironment), locks));
  }
  return found;
}

/** The PATH of a command: the found environment first, then `base`. */
export const pathOf = (found: FoundEnvironment, base: string): string =>
  [
    ...(found.virtualEnvironment === undefined ? [] : [join(found.virtualEnvironment, "bin")]),
    ...(found.nodeModules === undefined ? [] : [join(found.nodeModules, ".bin")]),
    base,
  ].join(delimiter);

/** Links a found `node_modules` into the copy of a code tree that has none of its own. */
export async function linkNodeModules(found: FoundEnvironment, code: string): Promise<void> {
  const own = join(code, "node_modules");
  if (found.nodeModules === undefined || (await lstat(own).catch(() => undefined)) !== undefined) return;
  await symlink(found.nodeModules, own, "dir");
}

/** Platform, version of the program (node and python say theirs), lock digests → the record and its digest. */
export async function recordEnvironment(
  found: FoundEnvironment,
  program: string,
): Promise<EnvironmentRecord> {
  const facts = {
    platform: `${process.platform}-${process.arch}`,
    ...(await versionOf(program)),
    ...found.facts,
  };
  return { digest: digestOfJson(facts), rebuilt: false, facts };
}

async function versionOf(program: string): Promise<Record<string, string>> {
  const [, kind] = /(?:^|\/)(node|python)[\d.]*$/.exec(program) ?? [];
  if (kind === undefined) return {};
  if (kind === "node" && (await realpath(program)) === process.execPath) return { node: process.version };
  const { stdout } = await execute(program, ["--version"], { timeout: 10_000 }).catch(() => ({ stdout: "" }));
  return stdout.trim() === "" ? {} : { [kind]: stdout.trim().replace("Python ", "") };
}

async function nearest(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  }
  const above = dirname(folder);
  return above === folder ? undefined : nearest(above, names);
}

async function lockOf(folder: string, names: readonly string[]): Promise<Record<string, string>> {
  for (const name of names) {
    const content = await readFile(join(folder, name)).catch(() => undefined);
    if (content !== undefined) return { [name]: digestOf(content) };
  }
  return {};
}
