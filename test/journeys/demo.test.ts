// A newcomer types `npm run demo`: the production build, in an empty folder, and again in the same folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
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

async function demo(folder: string): Promise<{ text: string; exit: unknown; took: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, [jackfield, "up", "--demo"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const said = collect(child);
  const [exit] = (await once(child, "close")) as [unknown];
  expect(said.err).toBe("");
  return { text: said.out, exit, took: (performance.now() - began) / 1_000 };
}

/** Processes that name the folder in their command line: the demo's servers and the commands that it ran. */
const processesIn = (folder: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(folder));

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

test("the demo tells the whole story in 40 lines, stops what it started, and can be told again", async () => {
  const folder = await emptyFolder();
  const first = await demo(folder);
  expectTheStory(first.text);
  expect(first).toMatchObject({ exit: 0, text: expect.stringContaining("seattle-1   PASS") as unknown });
  expect(processesIn(folder)).toEqual([]);
  const second = await demo(folder);
  expectTheStory(second.text);
  expect(second).toMatchObject({ exit: 0, text: expect.stringContaining("seattle-3   PASS") as unknown });
  expect(processesIn(folder)).toEqual([]);
  process.stdout.write(`a warm demo takes ${second.took.toFixed(1)} s\n`);
});
