// A newcomer types `npm run demo`: the production build, in an empty folder, and again in the same folder.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { until } from "../bed/until.ts";
import { atTheEnd, collect, emptyFolder, jackfield, stopProcess } from "./world.ts";

const eventsInOrder = [
  "run.requested",
  "fetch.triggered",
  "fetch.finished       pass   1461 rows",
  "split.finished       pass   1096 train + 365 test, no row in both",
  "train.triggered      → command@1   node train.mjs",
  "train.progressed",
  "train.finished       pass   model",
  "evaluate.finished    pass   accuracy 0.8",
  "run.finished         pass",
];

interface Told {
  child: ChildProcess;
  said: { out: string; err: string };
  /** Its exit code. */
  exit: Promise<number | null>;
}

function demo(folder: string, ...flags: string[]): Told {
  const child = spawn(process.execPath, [jackfield, "up", "--demo", ...flags], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, said: collect(child), exit };
}

async function toItsEnd({ said, exit }: Told): Promise<string> {
  expect(await exit, said.err).toBe(0);
  expect(said.err).toBe("");
  return said.out;
}

/** Processes that were told of the folder: servers, services, commands. Empty where there is no /proc. */
function processesIn(folder: string): string[] {
  const told = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
    } catch {
      return ""; // it ended meanwhile, or is another user's
    }
  };
  const pids = existsSync("/proc") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  return pids
    .filter((pid) => `${told(pid, "cmdline")} ${told(pid, "environ")}`.includes(folder))
    .map((pid) => told(pid, "cmdline"));
}

function expectTheStory(text: string): void {
  let from = 0;
  for (const event of eventsInOrder) {
    const found = text.indexOf(event, from);
    expect(found, `${event} comes in its turn:\n${text}`).toBeGreaterThan(0);
    from = found;
  }
  expect(Number(/accuracy (0\.\d+) {2}/.exec(text)?.[1])).toBeGreaterThanOrEqual(0.8);
  expect(text).toMatch(/fetch cached {3}split cached .* FAIL {2}accuracy 0\.7\d+ < 0\.80/);
  expect(text).toMatch(/only cause: handler train \(command@1 → logistic@[0-9a-f]{8}\) · \d+ rows flipped/);
  expect(text).toContain("jackfield bind train --undo");
  expect(text).toMatch(/\d+ events, all kept, 0 lost/);
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
}

test("the demo tells the whole story in 40 lines, and again in the same folder, a process for each service", async () => {
  const folder = await emptyFolder();
  const first = await toItsEnd(demo(folder));
  expectTheStory(first);
  expect(first).toContain("seattle-1   PASS");
  expect(processesIn(folder)).toEqual([]);
  const began = performance.now();
  const second = await toItsEnd(demo(folder, "--isolate"));
  process.stdout.write(`a warm demo takes ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
  expectTheStory(second);
  expect(second).toContain("seattle-3   PASS");
  expect(processesIn(folder)).toEqual([]);
}, 60_000);

test("Ctrl-C in the middle of the demo stops everything that it started", async () => {
  const folder = await emptyFolder();
  const { child, said, exit } = demo(folder);
  await until("work", () => said.out.includes("train.triggered"));
  if (existsSync("/proc")) expect(processesIn(folder)).not.toEqual([]);
  child.kill("SIGINT");
  expect(await exit).toBe(130);
  expect(processesIn(folder)).toEqual([]);
});
