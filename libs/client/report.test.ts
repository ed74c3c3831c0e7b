import { expect, test } from "vitest";
import { evaluate } from "@jackfield/spec/evaluate";
import { run } from "@jackfield/spec/ask/tracker";
import { causeLines, compareRuns } from "./compare.ts";
import type { RunTree } from "./lookup.ts";
import { report, timesOf } from "./report.ts";
import { handlerWords } from "./words.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const at = (second: number): string => `2026-01-01T00:00:${second.toFixed(3).padStart(6, "0")}Z`;

const task = (step: string, handler: string, span: [number, number], more: object = {}) => ({
  task: `run/${step}`,
  step,
  capability: step,
  state: "pass",
  cached: false,
  logs: [],
  attempts: [
    {
      attempt: 1,
      handler,
      handlerversion: "1",
      role: "primary",
      triggeredAt: at(span[0]),
      startedAt: at(span[0]),
      finishedAt: at(span[1]),
      status: "succeeded",
      result: "pass",
    },
  ],
  ...more,
});

const outputs = {
  ...evaluate.output.parse(evaluate.example.output),
  metrics: { accuracy: 0.8356, macroF1: 0.461, balancedAccuracy: 0.5, logLoss: 0.614 },
  slices: [
    { slice: "season", value: "spring", rows: 92, metrics: { accuracy: 0.913 } },
    { slice: "season", value: "winter", rows: 90, metrics: { accuracy: 0.778 } },
  ],
};

const passed = (trainer = "command"): RunTree =>
  run.answer.parse({
    run: {
      run: "q6ysbtgk2y7mzcgo7qk3vqz2ye",
      runname: "seattle-1",
      project: "weather",
      subproject: "seattle",
      workflow: "lifecycle",
      state: "pass",
      verdict: "pass",
      startedAt: at(0),
      finishedAt: at(2.4),
      metrics: outputs.metrics,
      tasks: { total: 3, cached: 1 },
    },
    pinned: {
      seed: 1804289383,
      runconfiguration: digest("9"),
      code: {
        tree: { mediaType: "application/x-tar", digest: digest("a"), size: 10 },
        commit: "9f31c2e000",
        dirty: true,
        changedFiles: 1,
      },
    },
    tasks: [
      task("fetch", "fetch", [0.1, 0.3], { cached: true, outputs: { version: digest("4") } }),
      task("train", trainer, [0.3, 2]),
      task("evaluate", "evaluate", [2, 2.3], { outputs }),
    ],
  });

test("The report says verdict, metrics, gate, baseline, slices, and how to get the same again", () => {
  expect(report(passed())).toMatchInlineSnapshot(`
    "seattle-1   PASS   in 2.40 s   (working 2.20 s, waiting 0.20 s)
      accuracy 0.836   ████████████████▋   gate ≥ 0.80 ✓   always "rain" would reach 0.395
      macro F1 0.461   balanced accuracy 0.500   log loss 0.614
      by season    winter 0.778   spring 0.913
      cached       fetch
      same again?  run sha256:9999…  data 4444…  code 9f31c2e + 1 changed file  seed 1804289383"
  `);
});

test("Work that overlaps counts once", () => {
  const tree = passed();
  const again = { ...tree, tasks: [...tree.tasks, ...passed().tasks] };
  expect(timesOf(again)).toEqual({ total: 2.4, working: expect.closeTo(2.2, 5) as unknown });
});

test("Without a gate there is no verdict, and a run that could not run says why", () => {
  const none = passed();
  none.run.verdict = "none";
  expect(report(none).split("\n")[0]).toMatch(/^seattle-1 {3}NO VERDICT {3}in 2\.40 s/);
  const broken = passed();
  broken.run.state = "errored";
  const [, train] = broken.tasks;
  Object.assign(train ?? {}, { state: "errored" });
  Object.assign(train?.attempts[0] ?? {}, {
    problem: {
      code: "E_EXIT",
      what: "node train.mjs exited with 1",
      why: "boom",
      next: "mend it\nthen: jackfield retry",
    },
  });
  expect(report(broken)).toContain(
    "  train errored: E_EXIT  node train.mjs exited with 1\n    boom\n    next: mend it\n          then: jackfield retry\n",
  );
  const words = [handlerWords("", "none"), handlerWords("", "1.0.0"), handlerWords("acme", undefined)];
  expect(words).toEqual(["nobody", "conductor", "acme@?"]);
});

test("One thing that went in differently is the only cause; several are a list", () => {
  expect(causeLines(compareRuns(passed(), passed("logistic")).causes)).toEqual([
    "only cause: handler train (command@1 → logistic@1)",
  ]);
  const other = passed("logistic");
  other.pinned["seed"] = 2;
  expect(causeLines(compareRuns(passed(), other).causes)).toEqual([
    "2 causes",
    "  handler train (command@1 → logistic@1)",
    "  seed (1804289383 → 2)",
  ]);
  expect(causeLines(compareRuns(passed(), passed()).causes)).toEqual(["nothing that went in is different"]);
});
