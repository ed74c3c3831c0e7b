import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `npm run check`: everything about the house that needs no server, a line each. What fails tells all it has to say,
 * and the others still run.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const layers = [
  "--config",
  ".dependency-cruiser.cjs",
  "spec",
  "libs",
  "services",
  "deploy",
  "test",
  "examples",
];

/** @param {string} name */
const tool = (name) => join(root, "node_modules", ".bin", name);

/** @typedef {{ name: string, command: string, args: string[] } | { name: string, skip: string }} Check */

/** @type {Check[]} */
const checks = [
  { name: "types", command: tool("tsc"), args: ["--noEmit"] },
  { name: "lint", command: tool("eslint"), args: ["."] },
  { name: "format", command: tool("prettier"), args: ["--check", "--log-level", "warn", "."] },
  { name: "layers", command: tool("depcruise"), args: layers },
  existsSync(join(root, "spec", "publish.ts"))
    ? { name: "spec", command: tool("tsx"), args: ["spec/publish.ts", "--check"] }
    : { name: "spec", skip: "there is no spec/publish.ts" },
  readdirSync(join(root, "examples"), { recursive: true }).some((file) => String(file).endsWith(".test.ts"))
    ? { name: "examples", command: process.execPath, args: ["test/run.mjs", "examples/"] }
    : { name: "examples", skip: "no example has a story" },
];

/**
 * @param {Check} check
 * @returns {Promise<boolean>}
 */
async function run(check) {
  if ("skip" in check) {
    process.stdout.write(`- ${check.name.padEnd(9)} skipped: ${check.skip}\n`);
    return true;
  }
  const began = Date.now();
  const child = spawn(check.command, check.args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (/** @type {Buffer} */ chunk) => (output += chunk.toString()));
  /** @type {number} */
  const code = await new Promise((resolve) => {
    child.once("error", (error) => {
      output += error.message;
      resolve(127);
    });
    child.once("close", (status) => resolve(status ?? 1));
  });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? "✓" : "✗"} ${check.name.padEnd(9)} ${seconds} s\n`);
  if (code !== 0) process.stdout.write(`${output.trimEnd().replaceAll(/^/gm, "    ")}\n`);
  return code === 0;
}

// Two at a time: as many as the smallest machine has cores.
const waiting = [...checks];
const worker = async () => {
  let good = true;
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
    good = (await run(check)) && good;
  return good;
};
const results = await Promise.all([worker(), worker()]);
process.exitCode = results.every(Boolean) ? 0 : 1;
