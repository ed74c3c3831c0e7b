import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";

/** Runs `test/run.mjs` on one file of its own in an empty folder; answers with its output and exit code. */
async function runOn(source: string): Promise<{ output: string; code: number }> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-run-story-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const host = resolve(import.meta.dirname, "host.ts");
  const settings = { globals: true, include: ["*.test.mjs"], globalSetup: [host] };
  await writeFile(join(folder, "vitest.config.mjs"), `export default { test: ${JSON.stringify(settings)} }`);
  await writeFile(join(folder, "story.test.mjs"), source);
  const script = resolve(import.meta.dirname, "../run.mjs");
  const env = { ...process.env };
  // The outer run must not take the inner one's processes for its own.
  delete env["JACKFIELD_TEST_RUN"];
  return new Promise((done) => {
    const child = execFile(process.execPath, [script, "--root", folder], { env }, (_, stdout, stderr) => {
      done({ output: stdout + stderr, code: child.exitCode ?? -1 });
    });
  });
}

test("the last line counts, a skip has its reason, and a process left behind is a failure", async () => {
  const { output, code } = await runOn(`
    import { spawn } from "node:child_process";
    test("passes", () => {});
    test("needs a GPU", (context) => context.skip("no GPU here"));
    test("fails", () => expect(1).toBe(2));
    test("leaves something", () => {
      spawn("sleep", ["64.25"], { detached: true, stdio: "ignore", env: {} }).unref();
      return new Promise((resolve) => setTimeout(resolve, 1200));
    });
  `);
  expect(output).toContain("story.test.mjs: needs a GPU: no GPU here");
  expect(output).toContain("expected 1 to be 2");
  expect(output).toMatch(/left behind, and stopped now: \d+ sleep 64\.25/);
  expect(output.trimEnd().split("\n").at(-1)).toBe("2 passed, 2 failed, 1 skipped");
  expect(code).toBe(1);
});

test("when the test run is killed, its servers end, and the broken run counts as a failure", async () => {
  const { output, code } = await runOn(`
    import { freshDatabase, natsForThisFile } from ${JSON.stringify(resolve(import.meta.dirname, "servers.ts"))};
    const nats = natsForThisFile();
    test("is killed", async () => {
      await freshDatabase();
      if (!(nats.pid > 0)) throw new Error("nats does not run");
      process.kill(process.ppid, "SIGKILL");
      process.kill(process.pid, "SIGKILL");
    });
  `);
  expect(output).toContain("the run broke off");
  expect(output).not.toContain("left behind");
  expect(output.trimEnd().split("\n").at(-1)).toBe("0 passed, 1 failed, 0 skipped");
  expect(code).toBe(1);
});
