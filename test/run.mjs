import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readJson } from "../deploy/embedded/json-file.mjs";
import { watchProcesses } from "./bed/left-behind.mjs";

/**
 * node test/run.mjs [--long] [file …]: all stories, or those whose file matches. The last line, alone, is
 * `N passed, N failed, N skipped`; the exit code is 0 only when nothing failed, something ran, and nothing was left.
 */
const inHouse = (/** @type {string} */ file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const long = process.argv.includes("--long");
const only = process.argv.slice(2).filter((word) => word !== "--long");
const folder = mkdtempSync(join(tmpdir(), "jackfield-run-"));
// Everything temporary of the run lies here; PostgreSQL, which is another user when we are root, has to get in.
chmodSync(folder, 0o755);
const countsFile = join(folder, "counts.json");
const run = randomUUID();

const vitest = spawn(
  process.execPath,
  [inHouse("node_modules/vitest/vitest.mjs"), "run", "--reporter", inHouse("test/bed/report.mjs"), ...only],
  {
    cwd: inHouse(""),
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      TMPDIR: folder,
      JACKFIELD_TEST_RUN: run,
      JACKFIELD_TEST_COUNTS: countsFile,
      ...(long && { JACKFIELD_LONG_TESTS: "1" }),
    },
  },
);
const watch = watchProcesses(vitest.pid ?? -1, `JACKFIELD_TEST_RUN=${run}`);
/** @type {number} */
const code = await new Promise((resolve) => vitest.once("exit", (status) => resolve(status ?? 1)));
const left = await watch.leftBehind();

const ended = existsSync(countsFile);
const counts = /** @type {{ passed: number, failed: number, skips: string[] }} */ (
  ended ? readJson(countsFile) : { passed: 0, failed: 1, skips: [] }
);
rmSync(folder, { recursive: true, force: true });

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);
if (!ended) say(`✗ the run broke off with exit code ${code}`);
for (const skip of counts.skips) say(`skipped  ${skip}`);
for (const { pid, command } of left) {
  say(`✗ left behind, and stopped now: ${pid} ${command}`);
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}
const nothing = counts.passed + counts.failed === 0;
if (nothing)
  say(only.length === 0 ? "✗ there was no test to run" : `✗ no test file matches ${only.join(" ")}`);
// Whatever vitest itself complains about beyond its tests (a file that cannot be read, say) counts once.
const unexplained = code !== 0 && counts.failed === 0 && !nothing;
if (unexplained) say(`✗ vitest ended with exit code ${code}`);
const failed = counts.failed + (left.length > 0 ? 1 : 0) + (nothing || unexplained ? 1 : 0);
process.exitCode = failed === 0 ? 0 : 1;
say(`${counts.passed} passed, ${failed} failed, ${counts.skips.length} skipped`);
