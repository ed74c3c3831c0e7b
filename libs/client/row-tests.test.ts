import { expect, test } from "vitest";
import { joinRows } from "./flipped-rows.ts";
import { testLines, testRows } from "./row-tests.ts";

const target = ["no", "no", "yes", "yes", "yes", "no", "yes", "no", "yes", "no"];
const rowsOf = (scores: readonly number[]) =>
  scores.map((score, row) => {
    const prediction = score >= 0.5 ? "yes" : "no";
    const own = target[row] === "yes" ? score : 1 - score;
    return {
      __row_id: String(row),
      target: target[row],
      prediction,
      correct: prediction === target[row],
      loss: -Math.log(own),
      p_no: 1 - score,
      p_yes: score,
    };
  });
const first = rowsOf([0.1, 0.4, 0.35, 0.8, 0.7, 0.4, 0.4, 0.2, 0.9, 0.6]);
const second = rowsOf([0.2, 0.3, 0.5, 0.6, 0.4, 0.5, 0.7, 0.1, 0.8, 0.3]);

test("Two runs over the same rows are tested for chance: right answers, losses, areas under the curve", () => {
  const { tests } = joinRows(first, [...second].reverse());
  expect(tests).toMatchObject({
    correct: { onlyFirst: 2, onlySecond: 3, p: 1 },
    rocAuc: { p: expect.closeTo(0.3778216371, 9) as unknown },
  });
  const [lines = ""] = testLines(tests ?? {});
  expect(lines.replaceAll(/[+−][\d.]+/g, "±")).toMatchInlineSnapshot(`
    "is it chance?
    right in one run only  2 and 3 rows                      p 1.000  McNemar
    loss of a row          ±   95 % in ± … ±  p 0.781  bootstrap, Wilcoxon
    ROC AUC                0.800 and 0.940                   p 0.378  DeLong"
  `);
});

test("Runs over other rows are not tested, and amounts by their losses only", () => {
  expect(joinRows(first, second.slice(1))).not.toHaveProperty("tests");
  const amounts = first.map(({ loss }, row) => ({ before: { loss }, after: { loss: loss + row } }));
  expect(testRows(amounts)).toEqual({
    loss: {
      mean: 4.5,
      low: expect.any(Number) as unknown,
      high: expect.any(Number) as unknown,
      p: 0.00390625,
    },
  });
});
