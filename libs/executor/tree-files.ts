import { execFile } from "node:child_process";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** One file of a tree: its path below the folder with `/`, and its size in bytes. */
export interface TreeFile {
  path: string;
  size: number;
}

/** Where a tree came from. */
export interface TreeOrigin {
  commit?: string;
  /** Differs from the commit, or there is none. */
  dirty: boolean;
  changedFiles: number;
}

const leftOut = ["node_modules", ".jackfield", ".git"];

/**
 * The files of a code tree, sorted by their bytes: tracked by git plus untracked but not ignored;
 * outside git all files except node_modules, .jackfield and .git.
 */
export async function treeFiles(folder: string): Promise<TreeFile[]> {
  const listed = await gitFiles(folder);
  // A folder that git itself ignores has no listed file; it is a tree all the same.
  return withSizes(folder, listed.length > 0 ? listed : await walk(folder, leftOut));
}

/** Every file below a folder, sorted by their bytes. */
export const allFiles = async (folder: string): Promise<TreeFile[]> => withSizes(folder, await walk(folder));

/** The commit of the tree, and how many of its files differ from it. */
export async function treeOrigin(folder: string): Promise<TreeOrigin> {
  const commit = (await git(folder, ["rev-parse", "HEAD"]))?.trim();
  const how = ["--porcelain", "-z", "--no-renames", "--untracked-files=all"];
  const without = ["node_modules", ".jackfield"].map((name) => `:(exclude,glob)**/${name}/**`);
  const status = await git(folder, ["--no-optional-locks", "status", ...how, "--", ".", ...without]);
  const changedFiles = (status ?? "").split("\0").filter((line) => /^.. /.test(line)).length;
  if (commit === undefined) return { dirty: true, changedFiles };
  return { commit, dirty: changedFiles > 0, changedFiles };
}

async function gitFiles(folder: string): Promise<string[]> {
  const untracked = ["--others", "--exclude-standard", "--exclude=node_modules", "--exclude=.jackfield"];
  const listed = await git(folder, ["ls-files", "-z", "--cached", ...untracked]);
  return (listed ?? "").split("\0").filter((path) => path !== "");
}

async function git(folder: string, argv: string[]): Promise<string | undefined> {
  const options = { maxBuffer: 256 * 1024 * 1024, encoding: "utf8" } as const;
  return execute("git", ["-C", folder, ...argv], options).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

async function walk(folder: string, without: readonly string[] = [], below = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    if (without.includes(entry.name)) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...(await walk(folder, without, path)));
    else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
  }
  return paths;
}

async function withSizes(folder: string, paths: readonly string[]): Promise<TreeFile[]> {
  const files: TreeFile[] = [];
  for (const path of new Set(paths)) {
    // Tracked but deleted files are not there; a submodule is a folder.
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    files.push({ path, size: found.size });
  }
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
