import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const here = fileURLToPath(new URL(".", import.meta.url));
const execute = promisify(execFile);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-weather-"));
  for (const name of ["train.mjs", "data"])
    await cp(join(here, name), join(folder, name), { recursive: true });
  await symlink(join(here, "..", "..", "node_modules"), join(folder, "node_modules"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function trainAlone(seed: number, trees: number): Promise<string> {
  const env = { ...process.env, JACKFIELD_SEED: String(seed), JACKFIELD_PARAM_TREES: String(trees) };
  await execute("node", ["train.mjs"], { cwd: folder, env });
  return readFile(join(folder, "out", "predictions.csv"), "utf8");
}

test("the forest, run alone, is right on at least 0.82 of the days of 2015", async () => {
  const days = (await readFile(join(here, "data/seattle-weather.csv"), "utf8")).trim().split(/\r?\n/);
  const truth = new Map(days.map((line) => [line.split(",")[0], line.split(",").at(-1)]));
  const predictions = (await trainAlone(1_804_289_383, 100)).trim().split("\n").slice(1);
  const right = predictions.filter((line) => truth.get(line.split(",")[0]) === line.split(",")[1]);
  expect(predictions).toHaveLength(365);
  expect(right.length / 365).toBeGreaterThan(0.82);
});

test("the same seed gives the same predictions, another seed others", async () => {
  const first = await trainAlone(7, 10);
  expect(await trainAlone(7, 10)).toBe(first);
  expect(await trainAlone(8, 10)).not.toBe(first);
});
