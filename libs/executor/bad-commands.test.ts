import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Problem } from "@jackfield/problem/problem";
import { outcomeOf } from "./outcome-of.ts";
import { openWorkingFolder, sweepWorkingFolders } from "./working-folder.ts";
import { runCommand, type Command, type Ended } from "./run-command.ts";

/** User code that misbehaves, as real processes: each ends in one answer that a person understands, and nothing stays. */
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-command-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(script: string, more: Partial<Command> = {}): Promise<Ended> {
  await writeFile(join(folder, "train.mjs"), script);
  return runCommand({
    argv: ["node", "train.mjs"],
    folder,
    env: { PATH: process.env["PATH"] ?? "", JACKFIELD_OUT: folder, ...more.env },
    logs: folder,
    ...more,
  });
}

const bash = (script: string, more: Partial<Command> = {}): Promise<Ended> =>
  run("", { argv: ["bash", "-c", script], ...more });

const alive = (pid: number): boolean => {
  // A zombie that nobody has reaped yet does nothing any more.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "latin1") : "";
  return stat !== "" && !stat.includes(") Z ");
};
const pidIn = (name: string): number => Number(readFileSync(join(folder, name), "utf8"));

describe("how a command ends", () => {
  test("one that exits with an error says its last lines and where the log is", async () => {
    const ended = await run(`console.error("reading rows"); throw new Error("no column wind");`);
    const { status, problem } = outcomeOf(ended);
    expect(status).toBe("errored");
    expect(problem).toMatchObject({ code: "E_EXIT", retriable: false, here: join(folder, "stderr.log") });
    expect(problem?.message).toBe("node train.mjs exited with 1: Error: no column wind");
    expect(problem?.why).toContain("throw new Error");
    expect(readFileSync(ended.stderr, "utf8")).toContain("reading rows");
  });

  test("one that is killed by a foreign signal has crashed and may be tried again", async () => {
    const { status, problem } = outcomeOf(await bash("echo nearly there >&2; kill -SEGV $$"));
    expect(status).toBe("errored");
    expect(problem).toMatchObject({ code: "E_CRASHED", retriable: true });
    expect(problem?.message).toContain("SIGSEGV");
    expect(problem?.why).toContain("nearly there");
  });

  test("one that hangs is stopped at its limit", async () => {
    const ended = await run("setInterval(() => {}, 1000)", { limits: { seconds: 0.4 } });
    expect(ended.killedBy).toBe("timeout");
    expect(ended.seconds).toBeLessThan(5);
    expect(outcomeOf(ended, { limits: { seconds: 0.4 } })).toMatchObject({
      status: "timedout",
      problem: { code: "E_TIMEOUT" },
    });
  });

  test("one that ignores SIGTERM is killed after the grace time", async () => {
    const limits = { seconds: 0.5, graceSeconds: 0.5 };
    const ended = await run(`process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`, { limits });
    expect(ended).toMatchObject({ killedBy: "timeout", signal: "SIGKILL" });
    expect(ended.seconds).toBeGreaterThan(0.9);
  });

  test("one that is cancelled may tidy up, and its outcome is aborted whatever it exits with", async () => {
    const abort = new AbortController();
    const ended = await run(
      `import { appendFileSync } from "node:fs";
       process.on("SIGTERM", () => { console.log("tidied"); process.exit(0); });
       setInterval(() => {}, 1000); appendFileSync("progress", '{"fraction":0.1}\\n');`,
      {
        signal: abort.signal,
        progressFile: join(folder, "progress"),
        onProgress: () => abort.abort(),
      },
    );
    expect(outcomeOf(ended)).toMatchObject({ status: "aborted", problem: { code: "E_ABORTED" } });
    expect(readFileSync(ended.stdout, "utf8")).toContain("tidied");
  });

  test("one that floods its output is cut with a note, and its last words are still known", async () => {
    const ended = await bash(
      "yes flood | head -c 30000000; yes error | head -c 3000000 >&2; echo the end >&2; exit 3",
      {
        limits: { logBytes: 100_000 },
      },
    );
    expect(ended.exit).toBe(3);
    expect(statSync(ended.stdout).size).toBeLessThan(100_200);
    expect(readFileSync(ended.stdout, "utf8").trimEnd().endsWith("bytes]")).toBe(true);
    expect(ended.lastLines.at(-1)).toBe("the end");
  });

  test.runIf(existsSync("/proc/self/stat"))(
    "one that takes too much memory is killed and says so",
    async () => {
      const limits = { memoryBytes: 150 * 1024 * 1024 };
      const ended = await run(
        `const kept = []; setInterval(() => kept.push(Buffer.alloc(20 * 1024 * 1024, 1)), 20);`,
        { limits },
      );
      expect(ended.killedBy).toBe("memory");
      const { problem } = outcomeOf(ended, { limits });
      expect(problem).toMatchObject({ code: "E_OOM", message: "node train.mjs used more than 150 MiB." });
    },
  );

  test("one that is not there names the PATH that was searched", async () => {
    const thrown = await run("", { argv: ["nowhere-to-be-found"] }).catch((problem: unknown) => problem);
    expect(thrown).toBeInstanceOf(Problem);
    expect(thrown).toMatchObject({
      code: "E_COMMAND_NOT_FOUND",
      why: `The PATH was ${process.env["PATH"] ?? ""}`,
    });
  });

  test("one that may not be executed says what to do", async () => {
    const thrown = await run("", { argv: ["./train.mjs"] }).catch((problem: unknown) => problem);
    expect(thrown).toMatchObject({
      code: "E_COMMAND_NOT_FOUND",
      message: "./train.mjs is there but may not be executed.",
    });
  });
});

describe("what a command leaves behind", () => {
  test("a grandchild that outlives it is killed with its group", async () => {
    const ended = await bash("sleep 300 & echo -n $! > child; exit 0");
    expect(ended.exit).toBe(0);
    await expect.poll(() => alive(pidIn("child"))).toBe(false);
  });

  test.runIf(existsSync("/proc/self/environ"))("a grandchild that left the group is found too", async () => {
    const ended = await bash(
      "setsid sleep 300 </dev/null >/dev/null 2>&1 & echo -n $! > child; sleep 0.3; exit 0",
    );
    expect(ended.exit).toBe(0);
    await expect.poll(() => alive(pidIn("child"))).toBe(false);
  });
});

describe("after a crash of ours", () => {
  test.runIf(existsSync("/proc/self/environ"))(
    "the command of a gone owner is ended and its folder removed",
    async () => {
      const [mine, orphaned] = [
        await openWorkingFolder(folder, "mine"),
        await openWorkingFolder(folder, "orphaned"),
      ];
      await writeFile(join(orphaned.root, "owner"), "1 0");
      const env = { PATH: process.env["PATH"] ?? "", JACKFIELD_OUT: orphaned.out };
      const child = spawn("sleep", ["300"], { env, detached: true, stdio: "ignore" });
      expect(await sweepWorkingFolders(folder)).toBe(1);
      await expect.poll(() => alive(child.pid!)).toBe(false);
      expect(existsSync(orphaned.root)).toBe(false);
      expect(existsSync(mine.root)).toBe(true);
    },
  );
});

describe("progress", () => {
  test("lines become progress, a bad line becomes a log line, the last needs no end", async () => {
    const seen: unknown[] = [];
    const ended = await bash(
      `printf '{"fraction":0.5,"message":"halb fertig \\u00e4","loss_x":1}\\nnot json\\n{"fraction":40}\\n{"step":2}' >> p`,
      { progressFile: join(folder, "p"), onProgress: (progress) => seen.push(progress) },
    );
    expect(seen).toEqual([{ fraction: 0.5, message: "halb fertig ä", loss_x: 1 }, { step: 2 }]);
    expect(readFileSync(ended.stdout, "utf8")).toBe('not json\n{"fraction":40}\n');
  });
});
