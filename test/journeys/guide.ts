import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { expect } from "vitest";
import { house, jackfield, projectWith } from "./world.ts";

const guide = await readFile(join(house, "examples/plug-in/README.md"), "utf8");

/** The programs that the guide shows, by file name. */
export const programs: Readonly<Record<string, string>> = Object.fromEntries(
  [...guide.matchAll(/^`([\w.-]+)`,[^\n]*\n\n```(?:bash|python|ts)\n([\s\S]*?)```/gm)].map(
    ([, name = "", source = ""]) => [name, source],
  ),
);

/** A project's folder in which somebody wrote the guide's programs. */
export const folderOfGuide = (): Promise<string> =>
  projectWith("node train.mjs", { ...programs, "train.mjs": "" });

/** The words of the guide's line that begins so, without what stands behind a `#`. */
export function lineOf(beginning: string): string[] {
  const line = guide.split("\n").find((each) => each.startsWith(`jackfield ${beginning}`));
  const [words = ""] = line?.split(" #") ?? [];
  return words.trim().split(/\s+/).slice(1);
}

/** Programs of the house, of Node and of the system. */
export const usualPath = [
  join(house, "node_modules/.bin"),
  dirname(process.execPath),
  "/usr/bin",
  "/bin",
].join(delimiter);

/** Runs the guide's line that begins so, as its reader does; answers with what it shows. */
export async function follow(
  beginning: string,
  { folder, path = usualPath }: { folder: string; path?: string },
): Promise<{ exit: number; shown: unknown }> {
  const [verb = "", ...words] = lineOf(beginning);
  const { exit, out, err } = await new Promise<{ exit: number; out: string; err: string }>((resolve) => {
    const argv = [jackfield, verb, "--json", ...words];
    const child = execFile(process.execPath, argv, { cwd: folder, env: { PATH: path } }, (_error, out, err) =>
      resolve({ exit: child.exitCode ?? -1, out, err }),
    );
  });
  expect(out, err).not.toBe("");
  return { exit, shown: JSON.parse(out) };
}
