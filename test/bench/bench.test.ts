import { expect, test } from "vitest";
import { atLeast, atMost, type Measured } from "./figure.ts";
import { judge, printReport } from "./report.ts";
import { median, medianRatio, quantile } from "./statistics.ts";

const measured = (cpuRatio: number): Measured => ({
  value: 12_345,
  unit: "events/s",
  against: { name: "a bare loop", value: 13_000 },
  ratio: 0.95,
  beside: { "CPU ratio": { value: cpuRatio, unit: "×" } },
});
const figure = { id: "tracker.live", goal: [atLeast("ratio", 0.9), atMost("CPU ratio", 1.5)] };

test("medians and quantiles are those of the textbooks, whatever the order", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
  expect(() => median([])).toThrow("no values");
});

test("a ratio is taken between neighbours, so one slow round of both sides changes nothing", () => {
  expect(medianRatio([10, 1, 10], [20, 2, 20])).toBe(0.5);
});

test("a figure with two goals is met when both are", () => {
  expect(judge(figure, measured(1.5)).met).toBe(true);
  expect(judge(figure, measured(1.51)).met).toBe(false);
  expect(judge(figure, { ...measured(1), ratio: 0.89 }).met).toBe(false);
});

test("the form for programs has value, unit, comparison, ratio, goal and verdict of each figure", () => {
  expect(JSON.parse(JSON.stringify(judge(figure, measured(1.2))))).toEqual({
    id: "tracker.live",
    value: 12_345,
    unit: "events/s",
    against: 13_000,
    ratio: 0.95,
    goal: "≥ 0.9 × and CPU ratio ≤ 1.5 ×",
    met: true,
    comparedWith: "a bare loop",
    beside: { "CPU ratio": { value: 1.2, unit: "×" } },
  });
});

test("the table for people says each figure, what it is compared with, and whether the goal was met", () => {
  const figures = [judge(figure, measured(1.2)), judge({ ...figure, id: "other" }, measured(2))];
  expect(printReport({ machine: { cores: 2, "fsync/s": 7_000 }, figures })).toBe(`\
machine  cores 2 · fsync/s 7000

figure        ours            against       ratio    goal
tracker.live  12.3k events/s  13k events/s  0.950 ×  ≥ 0.9 × and CPU ratio ≤ 1.5 ×  met
  against a bare loop
  CPU ratio  1.20 ×
other         12.3k events/s  13k events/s  0.950 ×  ≥ 0.9 × and CPU ratio ≤ 1.5 ×  MISSED
  against a bare loop
  CPU ratio  2 ×
`);
});
