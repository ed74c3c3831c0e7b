import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "./refusal.mjs";

/** @param {string} root */
const markFile = (root) => join(root, "node_modules", ".jackfield-setup");

/** @param {Buffer} bytes */
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** @param {string} root */
const lockOf = (root) => readFileSync(join(root, "package-lock.json"));

/**
 * What was installed is told apart by the lock file and by the Node that native packages were chosen for.
 * @param {string} root
 */
const wanted = (root) =>
  `${digest(lockOf(root))} ${process.platform}-${process.arch} node ${process.versions.modules}`;

/**
 * Was node_modules installed from the lock file as it is now?
 * @param {string} root
 */
export const packagesAreInstalled = (root) =>
  existsSync(markFile(root)) && readFileSync(markFile(root), "utf8") === wanted(root);

/**
 * `npm install`, which honours the lock file. `npm ci` would be the natural choice, but it refuses a lock that names
 * binaries for other systems that a registry does not carry, as DuckDB's. The lock file is left as it was, byte by byte.
 * @param {string} root
 * @throws Refusal E_CONFIG with npm's own words
 */
export async function installPackages(root) {
  const before = lockOf(root);
  const output = await npm(root, ["install", "--no-save", "--include=dev", "--loglevel=error"]);
  if (digest(lockOf(root)) !== digest(before)) {
    writeFileSync(join(root, "package-lock.json"), before);
    throw new Refusal("E_CONFIG", "npm wanted to change package-lock.json; it was put back as it was.", {
      why: output.trim().split("\n").slice(-20).join("\n"),
      next: "npm install, look at the change, and commit it",
    });
  }
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(markFile(root), wanted(root));
}

/**
 * @param {string} root
 * @param {string[]} args
 * @returns {Promise<string>}
 */
function npm(root, args) {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (/** @type {Buffer} */ chunk) => (output += chunk.toString()));
    child.once("error", (cause) => reject(failed(cause.message)));
    child.once("exit", (code) => (code === 0 ? resolve(output) : reject(failed(output))));
  });
}

/** @param {string} output */
const failed = (output) =>
  new Refusal("E_CONFIG", "npm could not install the packages.", {
    why: output.trim().split("\n").slice(-20).join("\n"),
    next: "look at npm's words above; a proxy or another registry is set in ~/.npmrc",
  });
