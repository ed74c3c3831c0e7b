import { realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, relative, resolve } from "node:path";
import { z } from "zod";
import { Problem } from "@jackfield/problem/problem";

/** Folders that may be read, in one setting: absolute paths with `:` between them (`;` on Windows). */
export const rootList = z
  .string()
  .default("")
  .transform((setting) => setting.split(delimiter).filter((root) => root !== ""))
  .refine((roots) => roots.every(isAbsolute), "every folder needs an absolute path");

/**
 * An absolute path below one of the roots → the real path of the file.
 * A path outside is refused before anybody looks whether it exists; a link that leads outside is refused too.
 * @throws E_SOURCE_OUTSIDE, or E_SOURCE when it is no file.
 */
export async function insideRoots(path: string, roots: readonly string[]): Promise<string> {
  if (!roots.some((root) => isBelow(root, resolve(path)))) throw outside(path, roots);
  const real = await realpath(path).catch((cause: unknown) => {
    throw new Problem("E_SOURCE", `There is no file ${path}.`, { cause });
  });
  const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
  if (!realRoots.some((root) => isBelow(root, real))) throw outside(path, roots);
  if (!(await stat(real)).isFile()) throw new Problem("E_SOURCE", `${path} is no file.`);
  return real;
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !/^\.\.[/\\]/.test(way) && !isAbsolute(way);
}

function outside(path: string, roots: readonly string[]): Problem {
  if (roots.length === 0) {
    return new Problem("E_SOURCE_OUTSIDE", `${path} was not uploaded, and fetch may read no folder.`, {
      why: "An absolute path is read by the fetch service, in the folders that its operator allows.",
      next: "Give a path beside the project file, or have the folder added to JACKFIELD_FETCH_ROOTS.",
    });
  }
  return new Problem("E_SOURCE_OUTSIDE", `${path} lies outside the folders that fetch may read.`, {
    why: `They are ${roots.join(", ")}; links are followed before they are judged.`,
    next: "Move the file there, give a path beside the project file, or have its folder added to JACKFIELD_FETCH_ROOTS.",
  });
}
