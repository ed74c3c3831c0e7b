import { expect, test } from "vitest";
import { causeLines, compareRuns } from "./compare.ts";
import { passedTree } from "./fixture/tree.ts";
import { report, timesOf } from "./report.ts";
import { handlerWords } from "./words.ts";

test("The report says verdict, metrics, gate, baseline, slices, and how to get the same again", () => {
  expect(report(passedTree())).toMatchInlineSnapshot(`
    "seattle-1   PASS   in 2.40 s   (working 2.20 s, waiting 0.20 s)
      accuracy 0.836   ████████████████▋   gate ≥ 0.80 ✓   always "rain" would reach 0.395
      macro F1 0.461   balanced accuracy 0.500   log loss 0.614
      by season    winter 0.778   spring 0.913
      cached       fetch
      same again?  run sha256:9999…  data 4444…  code 9f31c2e + 1 changed file  seed 1804289383"
  `);
});

test("A condition that warns, one of the worst slice, and a slice of few rows are told apart", () => {
  const tree = passedTree();
  const judged = tree.tasks.at(-1);
  const gate = [
    { metric: "accuracy", condition: ">= 0.9", value: 0.8356, pass: false, warning: true },
    {
      metric: "accuracy",
      condition: ">= 0.8",
      value: 0.778,
      pass: false,
      slice: { name: "season", value: "winter" },
    },
    { metric: "score", condition: ">= 0.2", value: 0.25, pass: true },
  ];
  const slices = [
    { slice: "season", value: "winter", rows: 90, metrics: { accuracy: 0.778 } },
    { slice: "season", value: "spring", rows: 3, enough: false, metrics: { accuracy: 0.913 } },
  ];
  Object.assign(judged ?? {}, { outputs: { ...judged?.outputs, gate, slices } });
  const said = report(tree);
  expect(said).toContain("gate ≥ 0.9 !  accuracy by season ≥ 0.8 (winter 0.778) ✗  score ≥ 0.2 (0.250) ✓");
  expect(said).toContain("by season    winter 0.778   spring 0.913 (3 rows)");
});

test("Work that overlaps counts once", () => {
  const tree = passedTree();
  const again = { ...tree, tasks: [...tree.tasks, ...passedTree().tasks] };
  expect(timesOf(again)).toEqual({ total: 2.4, working: expect.closeTo(2.2, 5) as unknown });
});

test("Without a gate there is no verdict, and a run that could not run says why", () => {
  const none = passedTree();
  none.run.verdict = "none";
  expect(report(none).split("\n")[0]).toMatch(/^seattle-1 {3}NO VERDICT {3}in 2\.40 s/);
  const broken = passedTree();
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
  expect(causeLines(compareRuns(passedTree(), passedTree("logistic")).causes)).toEqual([
    "only cause: handler train (command@1 → logistic@1)",
  ]);
  const other = passedTree("logistic");
  other.pinned["seed"] = 2;
  expect(causeLines(compareRuns(passedTree(), other).causes)).toEqual([
    "2 causes",
    "  handler train (command@1 → logistic@1)",
    "  seed (1804289383 → 2)",
  ]);
  expect(causeLines(compareRuns(passedTree(), passedTree()).causes)).toEqual([
    "nothing that went in is different",
  ]);
});
