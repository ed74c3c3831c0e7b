import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, type TestContext } from "vitest";
import { until } from "./until.ts";

const execute = promisify(execFile);
const sdk = resolve(import.meta.dirname, "../../libs/python");

/** A Python with the packages of a lock, and our own package. */
export interface Python {
  /** Goes into PATH. */
  bin: string;
  python: string;
}

type Found = Python | { missing: string };
type Lock = "requirements" | "requirements-long";

/**
 * Call it at the top of a file. The first run of a machine installs the packages, which takes a minute. A test that asks
 * for it is skipped, with the reason, where there is no Python, or its packages cannot be had.
 */
export function pythonForThisFile(lock: Lock): (context: Pick<TestContext, "skip">) => Python {
  let found: Found = { missing: "Python is there only inside tests" };
  beforeAll(async () => {
    found = await look(lock);
  }, 600_000);
  afterAll(async () => {
    if ("bin" in found) await rm(resolve(found.bin, ".."), { recursive: true, force: true });
  });
  return ({ skip }) => ("missing" in found ? skip(found.missing) : found);
}

/** Packages of a lock lie in a virtual environment that is kept for its digest: the first run installs, later ones are offline. */
async function look(lock: Lock): Promise<Found> {
  const program = process.env["JACKFIELD_PYTHON"] ?? "python3";
  const about = await versionOf(program);
  if ("missing" in about) return about;
  const path = join(sdk, `${lock}.lock`);
  const digest = createHash("sha256")
    .update(await readFile(path))
    .update(about.version)
    .digest("hex")
    .slice(0, 16);
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const place = join(cache, "jackfield", "python", digest);
  try {
    await made(place, () => install(about.program, path, place));
  } catch (error) {
    const [why = ""] = String(error)
      .split("\n")
      .filter((line) => /ERROR|error/.test(line))
      .slice(-1);
    return { missing: `the packages of ${lock}.lock cannot be installed: ${why.trim().slice(0, 300)}` };
  }
  return overlay(about, place);
}

interface Version {
  /** Without whatever virtual environment is active. */
  program: string;
  /** `3.11`. */
  version: string;
}

async function versionOf(program: string): Promise<Version | { missing: string }> {
  const ask =
    "import json, os, sys; print(json.dumps([os.path.realpath(getattr(sys, '_base_executable', sys.executable)), *sys.version_info[:2]]))";
  try {
    const { stdout } = await execute(program, ["-c", ask]);
    const [real, major, minor] = JSON.parse(stdout) as [string, number, number]; // printed by the line above
    if (major === 3 && minor >= 10) return { program: real, version: `${major}.${minor}` };
    return { missing: `${program} is Python ${major}.${minor}; 3.10 or later is needed` };
  } catch {
    return { missing: `there is no ${program}; JACKFIELD_PYTHON may name one` };
  }
}

const staleMs = 120_000;

/** Makes a folder once, whoever else wants it at the same time: it appears whole, or not. */
async function made(place: string, make: () => Promise<void>): Promise<void> {
  const lock = `${place}.lock`;
  await mkdir(resolve(place, ".."), { recursive: true });
  const whose = await until(
    `the packages in ${place}`,
    async () => ((await exists(place)) ? "there" : (await taken(lock)) && "mine"),
    { withinMs: 600_000, everyMs: 200 },
  );
  if (whose === "there") return;
  const alive = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), 5_000);
  try {
    if (!(await exists(place))) await make();
  } finally {
    clearInterval(alive);
    await rm(lock, { recursive: true, force: true });
  }
}

/** A lock whose owner was killed is not touched any more. */
async function taken(lock: string): Promise<boolean> {
  const since = (await stat(lock).catch(() => undefined))?.mtimeMs;
  if (since !== undefined && Date.now() - since > staleMs) await rm(lock, { recursive: true, force: true });
  return mkdir(lock).then(
    () => true,
    () => false,
  );
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function install(program: string, lock: string, place: string): Promise<void> {
  const fresh = await mkdtemp(`${place}-`);
  try {
    await execute(program, ["-m", "venv", fresh]);
    // What has no wheel here is not compiled; `nkeys` is plain Python and has none.
    const wheels = ["--only-binary", ":all:", "--no-binary", "nkeys"];
    const pip = ["-m", "pip", "install", "--quiet", "--require-hashes", ...wheels, "-r", lock];
    await execute(join(fresh, "bin", "python"), pip, { timeout: 540_000 });
    await rename(fresh, place);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** A virtual environment of this run: the kept packages, and the package `jackfield` from this very checkout. */
async function overlay({ program, version }: Version, place: string): Promise<Python> {
  const root = await mkdtemp(join(tmpdir(), "jackfield-python-"));
  await chmod(root, 0o755);
  const packages = join("lib", `python${version}`, "site-packages");
  await mkdir(join(root, packages), { recursive: true });
  await mkdir(join(root, "bin"));
  const home = resolve(program, "..");
  await writeFile(join(root, "pyvenv.cfg"), `home = ${home}\ninclude-system-site-packages = false\n`);
  await writeFile(join(root, packages, "jackfield-tests.pth"), `${sdk}\n${join(place, packages)}\n`);
  for (const name of ["python", "python3"]) await symlink(program, join(root, "bin", name));
  return { bin: join(root, "bin"), python: join(root, "bin", "python") };
}
