import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packTree, unpackTree } from "./code-tree.ts";
import { treeOrigin } from "./tree-files.ts";

let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "jackfield-tree-"));
});
afterEach(() => rm(place, { recursive: true, force: true }));

async function write(files: Record<string, string>, folder = place): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
const git = (...argv: string[]): string =>
  execFileSync("git", ["-C", place, "-c", "user.name=t", "-c", "user.email=t@t", ...argv], {
    encoding: "utf8",
  });
const pathsIn = async (folder = place): Promise<string[]> =>
  (await packTree(folder)).files.map(({ path }) => path);

test("in git the tree is what is tracked or untracked but not ignored", async () => {
  git("init", "-q");
  await write({
    ".gitignore": "secret.env\n",
    "secret.env": "x",
    "train.mjs": "1",
    "lib/fit.mjs": "2",
    "gone.mjs": "3",
  });
  git("add", ".");
  git("commit", "-qm", "first");
  const origin = await treeOrigin(place);
  expect(origin).toEqual({ commit: git("rev-parse", "HEAD").trim(), dirty: false, changedFiles: 0 });
  await write({
    "new ü.mjs": "4",
    "node_modules/x/index.js": "5",
    ".jackfield/run.json": "6",
    "train.mjs": "changed",
  });
  await rm(join(place, "gone.mjs"));
  expect(await pathsIn()).toEqual([".gitignore", "lib/fit.mjs", "new ü.mjs", "train.mjs"]);
  expect(await treeOrigin(place)).toMatchObject({ dirty: true, changedFiles: 3 });
});

test("outside git it is every file but node_modules, .jackfield and .git", async () => {
  await write({
    "a.py": "1",
    "sub/b.py": "2",
    "sub/node_modules/x.js": "3",
    ".jackfield/run.json": "4",
    ".git/broken": "",
  });
  expect(await pathsIn()).toEqual(["a.py", "sub/b.py"]);
});

test("equal content gives equal bytes, whatever its times, rights of the group, and place", async () => {
  const files = { "b.py": "2", "@a.py": "1", "sub/run.sh": "#!/bin/sh\n" };
  const [one, two] = [join(place, "one"), join(place, "deeper", "two")];
  await write(files, one);
  await write(Object.fromEntries(Object.entries(files).reverse()), two);
  await utimes(join(two, "b.py"), 1, 1);
  await chmod(join(two, "b.py"), 0o600);
  for (const folder of [one, two]) await chmod(join(folder, "sub/run.sh"), 0o755);
  const packed = await packTree(one);
  expect((await packTree(two)).digest).toBe(packed.digest);
  await chmod(join(two, "b.py"), 0o755);
  expect((await packTree(two)).digest).not.toBe(packed.digest);

  const archive = join(place, "tree.tar");
  await writeFile(archive, packed.bytes);
  await unpackTree(archive, join(place, "copy"));
  expect(await readFile(join(place, "copy", "@a.py"), "utf8")).toBe("1");
  expect((await stat(join(place, "copy", "sub/run.sh"))).mode & 0o111).not.toBe(0);
  expect((await packTree(join(place, "copy"))).digest).toBe(packed.digest);
});

test("a tree that is too large names its largest files", async () => {
  await write({ "train.mjs": "1", "data/huge.csv": "x".repeat(2000) });
  const problem = await packTree(place, 1000).catch((thrown: unknown) => thrown);
  expect(problem).toHaveProperty("code", "E_TREE_TOO_LARGE");
  expect(problem).toHaveProperty("why", expect.stringContaining("data/huge.csv"));
});

test("a tree that reaches outside its folder is not unpacked", async () => {
  const archive = join(place, "evil.tar");
  await write({ "evil/x": "1", "folder/keep": "" });
  execFileSync("tar", ["-cf", archive, "-P", "--transform=s,^.*$,../escaped,", join(place, "evil/x")]);
  await expect(unpackTree(archive, join(place, "folder", "copy"))).rejects.toMatchObject({
    code: "E_INVALID",
  });
  await expect(stat(join(place, "folder", "escaped"))).rejects.toThrow("ENOENT");
});
