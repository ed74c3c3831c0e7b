import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { installPackages, packagesAreInstalled } from "./packages.mjs";

async function projectOf(lock: object): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "jackfield-packages-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(join(root, "package.json"), JSON.stringify({ name: "house", version: "1.0.0" }));
  await writeFile(join(root, "package-lock.json"), JSON.stringify(lock));
  return root;
}

const lock = {
  name: "house",
  version: "1.0.0",
  lockfileVersion: 3,
  requires: true,
  packages: { "": { name: "house", version: "1.0.0" } },
};

test("set-up leaves the lock file as it was, byte by byte, and knows afterwards that all is installed", async () => {
  const root = await projectOf(lock);
  const file = join(root, "package-lock.json");
  const before = await readFile(file, "utf8");
  expect(packagesAreInstalled(root)).toBe(false);
  await installPackages(root);
  expect(await readFile(file, "utf8")).toBe(before);
  expect(packagesAreInstalled(root)).toBe(true);
  await writeFile(file, `${before}\n`);
  expect(packagesAreInstalled(root)).toBe(false);
});

test("what npm cannot install is told in npm's words", async () => {
  const root = await projectOf(lock);
  const absent = { name: "house", version: "1.0.0", dependencies: { absent: "file:./nowhere.tgz" } };
  await writeFile(join(root, "package.json"), JSON.stringify(absent));
  await expect(installPackages(root)).rejects.toMatchObject({
    code: "E_CONFIG",
    why: expect.stringContaining("nowhere.tgz") as unknown,
  });
  expect(packagesAreInstalled(root)).toBe(false);
});
