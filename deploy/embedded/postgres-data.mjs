import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chown, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readJson } from "./json-file.mjs";
import { Refusal } from "./refusal.mjs";

/** @typedef {{ password: string, version: string }} Marker what we know of a data folder that we made */

/**
 * Answers with the marker of the data in `home`, made now if the folder was empty. Data are made beside their place and
 * renamed, so what lies there is whole or absent, never half.
 * @param {{ home: string, binaries: { bin: string, version: string },
 *   user: import("./postgres-binaries.mjs").User | undefined, durable: boolean }} place
 * @returns {Promise<Marker>}
 */
export async function ourData({ home, binaries, user, durable }) {
  const file = join(home, "jackfield.json");
  const data = join(home, "data");
  const known = existsSync(join(data, "PG_VERSION"));
  if (existsSync(file) && known) return checkedMarker(file, data, binaries.version);
  const others = (await readdir(home)).filter(
    (name) => !name.startsWith("making-") && name !== "postgres.log",
  );
  if (others.length > 0) {
    throw new Refusal(
      "E_POSTGRES",
      `${home} is not empty and holds no database of Jackfield; it is left alone.`,
      {
        why: `found ${others.slice(0, 5).join(", ")}; ${existsSync(file) ? "the folder data is gone" : "jackfield.json is not there"}`,
        here: home,
        next: "put the missing part back, or move the folder away to begin with an empty database",
      },
    );
  }
  const marker = { password: randomBytes(18).toString("base64url"), version: binaries.version };
  const making = await mkdtemp(join(home, "making-"));
  const secret = join(making, "password");
  await writeFile(secret, marker.password, { mode: 0o600 });
  if (user !== undefined) await Promise.all([making, secret].map((path) => chown(path, user.uid, user.gid)));
  await initialise(binaries.bin, making, { user, durable });
  await writeFile(file, JSON.stringify(marker), { mode: 0o600 });
  await rename(join(making, "data"), data);
  await rm(making, { recursive: true });
  return marker;
}

/**
 * @param {string} file
 * @param {string} data
 * @param {string} version
 * @returns {Marker}
 */
function checkedMarker(file, data, version) {
  const marker = /** @type {Marker} */ (readJson(file));
  const major = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  if (version.startsWith(`${major}.`)) return marker;
  throw new Refusal(
    "E_POSTGRES",
    `The data are of PostgreSQL ${major}, the installed server is ${version}.`,
    {
      here: data,
      next: `export them with PostgreSQL ${major}, move the folder away, start, and import`,
    },
  );
}

/**
 * The password is random, so one round of its hash is enough and connecting stays quick.
 * @param {string} bin
 * @param {string} making
 * @param {{ user: import("./postgres-binaries.mjs").User | undefined, durable: boolean }} options
 */
async function initialise(bin, making, { user, durable }) {
  const login = ["-U", "postgres", "-A", "scram-sha-256", `--pwfile=${join(making, "password")}`];
  const form = ["--no-locale", "-E", "UTF8", "-c", "scram_iterations=1", ...(durable ? [] : ["--no-sync"])];
  const options = { cwd: making, env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" }, ...user };
  try {
    await promisify(execFile)(join(bin, "initdb"), ["-D", join(making, "data"), ...login, ...form], options);
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Refusal("E_POSTGRES", "PostgreSQL could not make a new database.", {
      why: said,
      here: making,
      cause,
    });
  }
}
