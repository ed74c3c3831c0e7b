import { describe, expect, test } from "vitest";
import { measureClasses } from "./classification.ts";
import { bestConstant, classMetrics, confusionOf, mostFrequent } from "./confusion.ts";
import { familyOf } from "./family.ts";
import type { Measured } from "./metric-names.ts";
import { rowLogLoss } from "./probabilities.ts";
import { quantile } from "./quantile.ts";
import { mean, measureEstimates, nearestConstant } from "./regression.ts";

const near = (value: number): unknown => expect.closeTo(value, 9);
const labels = (numbers: readonly number[]): string[] => numbers.map(String);
function expectMetrics(measured: Measured, wanted: Measured["metrics"]): void {
  for (const [name, value] of Object.entries(wanted)) {
    expect(measured.metrics, name).toHaveProperty(name, expect.closeTo(value, 9));
  }
}

// Vectors of scikit-learn 1.2.1 (reference) and 1.9.1.
describe("classification", () => {
  const target = labels([0, 0, 1, 1, 1, 0, 1, 0, 1, 0]);
  const scores = [0.1, 0.4, 0.35, 0.8, 0.7, 0.4, 0.4, 0.2, 0.9, 0.6];
  const prediction = scores.map((score) => (score >= 0.5 ? "1" : "0"));
  const both = { classes: ["0", "1"], columns: [scores.map((score) => 1 - score), scores] };
  const binary = { rocAuc: 0.8, averagePrecision: 0.8392857143, logLoss: 0.4917737914, brier: 0.16525 };

  test("of two classes with probabilities", () => {
    expect(confusionOf(target, prediction).counts).toEqual([
      [4, 1],
      [2, 3],
    ]);
    expect(classMetrics(confusionOf(target, prediction))["1"]).toEqual({
      precision: 0.75,
      recall: 0.6,
      f1: near(0.6666666667),
      support: 5,
    });
    const measured = measureClasses({ target, prediction, probabilities: both });
    expectMetrics(measured, { balancedAccuracy: 0.7, mcc: 0.4082482905, kappa: 0.4, ...binary });
    expect(measured.absent).toEqual({});
  });

  test("of two classes where only one of them has a column", () => {
    const one = { classes: ["1"], columns: [scores] };
    expectMetrics(measureClasses({ target, prediction, probabilities: one }), binary);
    const other = { classes: ["0"], columns: [scores.map((score) => 1 - score)] };
    expectMetrics(measureClasses({ target, prediction, probabilities: other }), binary);
  });

  test("of three classes", () => {
    const measured = measureClasses({
      target: labels([0, 1, 2, 2, 1, 0, 2, 1]),
      prediction: labels([0, 2, 2, 1, 1, 0, 2, 0]),
    });
    expectMetrics(measured, {
      accuracy: 0.625,
      macroF1: 0.6222222222,
      microF1: 0.625,
      weightedF1: 0.6,
      mcc: 0.4523809524,
      kappa: 0.4418604651,
      balancedAccuracy: 0.6666666667,
    });
    expect(measured.absent.logLoss).toBe("the predictions hold no probabilities (columns p_<class>)");
  });

  test("of three classes with probabilities has no ROC, and says why", () => {
    const measured = measureClasses({
      target: Array.from("abccab"),
      prediction: Array.from("abcbaa"),
      probabilities: {
        classes: ["a", "b", "c"],
        columns: [
          [0.7, 0.3, 0.2, 0.1, 0.5, 1 / 3],
          [0.2, 0.4, 0.2, 0.5, 0.25, 1 / 3],
          [0.1, 0.3, 0.6, 0.4, 0.25, 1 / 3],
        ],
      },
    });
    expectMetrics(measured, { logLoss: 0.7486402501, brier: 0.4302777778 });
    expect(measured.absent.rocAuc).toBe("it needs two classes, and there are 3");
  });

  test("counts a class that was never asked for, and one that was never answered, as scikit-learn does", () => {
    expectMetrics(measureClasses({ target: Array.from("aabbc"), prediction: Array.from("adbad") }), {
      balancedAccuracy: 1 / 3,
      macroF1: 0.2916666667,
      weightedF1: 0.4666666667,
      mcc: 0.25,
      kappa: 0.2105263158,
    });
  });

  test("clips log loss at 2⁻⁵², renormalises a row, and gives a class without a column nothing", () => {
    const clipped = rowLogLoss(["1", "0"], {
      classes: ["0", "1"],
      columns: [
        [1, 0.5],
        [0, 0.5],
      ],
    });
    expect((clipped[0]! + clipped[1]!) / 2).toBeCloseTo(18.36840028, 8);
    expect(rowLogLoss(["a"], { classes: ["a", "b"], columns: [[0.4], [0.4]] })[0]).toBeCloseTo(Math.LN2, 12);
    expect(rowLogLoss(["new"], { classes: ["a"], columns: [[1]] })[0]).toBeCloseTo(36.04365339, 8);
  });

  test("of one class only has neither kappa nor ROC, and no number that is none", () => {
    const measured = measureClasses({
      target: ["1", "1"],
      prediction: ["1", "1"],
      probabilities: {
        classes: ["0", "1"],
        columns: [
          [0.2, 0.1],
          [0.8, 0.9],
        ],
      },
    });
    expect(measured.absent).toEqual({
      kappa: "target and prediction are one and the same class",
      rocAuc: "all test rows are of class “1”",
      averagePrecision: "all test rows are of class “1”",
    });
    expect(measured.metrics).toMatchObject({ accuracy: 1, mcc: 0 });
    expect(Object.values(measured.metrics).every(Number.isFinite)).toBe(true);
  });

  test("has a baseline: the answers most frequent in train, and what they reach in test", () => {
    const trained = mostFrequent(["sun", "rain", "rain", "sun", "fog"]);
    expect(trained).toEqual(["rain", "sun"]);
    expect(bestConstant(["sun", "sun", "rain", "fog"], trained)).toEqual({ answers: ["sun"], accuracy: 0.5 });
    expect(bestConstant(["sun"], ["rain"])).toEqual({ answers: ["rain"], accuracy: 0 });
  });
});

describe("regression", () => {
  test("has every metric of the reference vector", () => {
    expectMetrics(measureEstimates({ target: [3, -0.5, 2, 7], prediction: [2.5, 0, 2, 8] }), {
      mae: 0.5,
      mse: 0.375,
      rmse: Math.sqrt(0.375),
      r2: 0.948608137,
      mape: 0.3273809524,
      medianAbsoluteError: 0.5,
      explainedVariance: 0.9571734475,
      maxError: 1,
    });
  });

  test("of a constant target is 1 when perfect, else 0, never minus infinity", () => {
    const constant = (prediction: number[]): Measured => measureEstimates({ target: [2, 2, 2], prediction });
    expectMetrics(constant([2, 2, 2]), { r2: 1, explainedVariance: 1 });
    expectMetrics(constant([2, 2, 3]), { r2: 0, explainedVariance: 0 });
    expectMetrics(constant([3, 3, 3]), { r2: 0, explainedVariance: 1 });
  });

  test("floors the divisor of MAPE", () => {
    expectMetrics(measureEstimates({ target: [0], prediction: [1] }), { mape: 2 ** 52 });
  });

  // The examples of sktime, mean_absolute_percentage_error with symmetric=True and without.
  test("relates errors to both sides, to the truth, and to its volume", () => {
    const rows = { target: [3, -0.5, 2, 7, 2], prediction: [2.5, 0, 2, 8, 1.25] };
    expectMetrics(measureEstimates(rows), { smape: 0.5553379953, mape: 0.3369047619, wape: 2.75 / 14.5 });
    const silent = measureEstimates({ target: [0, 0], prediction: [0, 3] });
    expectMetrics(silent, { smape: 1 });
    expect(silent.absent).toMatchObject({ wape: "the targets sum up to 0" });
  });

  test("has a baseline: the constant that misses least", () => {
    expect(nearestConstant([1, 2, 9], [mean([1, 2, 9]), 2])).toEqual({ answer: 2, mae: 8 / 3 });
  });

  test("has a baseline: always the mean explains nothing", () => {
    const target = [1, 2, 6];
    expectMetrics(measureEstimates({ target, prediction: target.map(() => mean(target)) }), {
      mae: 2,
      rmse: 2.160246899,
      r2: 0,
    });
  });

  test("cuts quantiles as numpy does", () => {
    const cuts = [0.1, 0.25, 0.5, 0.75, 0.9].map((share) => quantile([10, 1, 2, 4, 2], share));
    expect(cuts).toEqual([1.4, 2, 2, 4, near(7.6)]);
  });
});

test.each([
  ["string", ["sun"], ["rain"], false, [], "classification"],
  ["number", [1.5, 2], [1, 2], false, [], "regression"],
  ["integer", [0, 1, 2], [0, 1, 1], false, [], "classification"],
  ["integer", [0, 1, 2], [0.2, 1.1, 1], false, [], "regression"],
  ["integer", Array.from({ length: 40 }, (_, n) => n), [1, 2], false, [], "regression"],
  ["integer", Array.from({ length: 40 }, (_, n) => n), [1, 2], true, [], "classification"],
  ["integer", [0, 1, 2], [0, 1, 1], false, ["mae"], "regression"],
])("a target of type %s with values %j, predictions %j, probabilities %s, asked for %j is %s", (...given) => {
  const [type, values, predictions, hasProbabilities, asked, family] = given;
  expect(familyOf({ type, values, predictions, hasProbabilities, asked })).toBe(family);
});
