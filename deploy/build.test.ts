import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { build, isBuilt } from "./build.mjs";

async function houseOf(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "jackfield-house-"));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

const files = {
  "libs/shared.ts": "export const greet = (name: string): string => `hello ${name}`;",
  "services/one/main.ts": 'import { greet } from "../../libs/shared.ts"; console.log(greet("one"));',
  "services/one/migrations/000001.sql": "select 1",
  "services/two/main.ts":
    'import { greet } from "../../libs/shared.ts"; console.log(greet("two"), import.meta.url);',
  "services/README.md": "no service",
  "examples/weather/logistic.ts": 'console.log("handler");',
  "examples/weather/logistic.test.ts": "nothing to build",
};

test("services are found by folder, built with their migrations, and a removed one is gone from the build", async () => {
  const root = await houseOf(files);
  await build(root);
  const one = join(root, "dist/services/one/main.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [one]);
  expect(stdout).toBe("hello one\n");
  expect(existsSync(join(root, "dist/services/one/migrations/000001.sql"))).toBe(true);
  expect(existsSync(join(root, "dist/examples/weather/logistic.mjs"))).toBe(true);
  expect(existsSync(join(root, "dist/examples/weather/logistic.test.mjs"))).toBe(false);
  await rm(join(root, "services/one"), { recursive: true });
  await build(root);
  expect(existsSync(one)).toBe(false);
  expect(existsSync(join(root, "dist/services/two/main.mjs"))).toBe(true);
});

test("a build is made again when a source, a migration or the list of services changes, and only then", async () => {
  const root = await houseOf(files);
  expect(isBuilt(root)).toBe(false);
  await build(root);
  expect(isBuilt(root)).toBe(true);
  await appendFile(join(root, "libs/shared.ts"), "\n// changed");
  expect(isBuilt(root)).toBe(false);
  await build(root);
  await writeFile(join(root, "services/one/migrations/000002.sql"), "select 2");
  expect(isBuilt(root)).toBe(false);
  await build(root);
  await mkdir(join(root, "services/three"));
  await writeFile(join(root, "services/three/main.ts"), "export {};");
  expect(isBuilt(root)).toBe(false);
});
