import { sum } from "./confusion.ts";
import { measureForecast, quantilesOf, type ForecastFacts } from "./forecast.ts";
import type { Measured } from "./metric-names.ts";
import { quantile } from "./quantile.ts";
import { at } from "./values.ts";

/** Answers beside the truth: finite numbers, lists of equal length, at least one row. */
export interface EstimatedRows extends ForecastFacts {
  target: readonly number[];
  prediction: readonly number[];
}

/**
 * All metrics of regression, with scikit-learn's edge rules: MAPE is a fraction with |y| floored at 2⁻⁵²; with a
 * constant target R² is 1 for perfect answers, else 0. sMAPE lies in 0 … 2 and is 0 where both sides are.
 * @see scikit-learn 1.2 sklearn.metrics; Makridakis 1993 for sMAPE; the checked vectors stand in the tests.
 */
export function measureEstimates({ target, prediction, ...facts }: EstimatedRows): Measured {
  const errors = target.map((truth, row) => truth - at(prediction, row));
  const sizes = errors.map(Math.abs);
  const squares = sum(errors.map((error) => error ** 2));
  const rows = target.length;
  const volume = sum(target.map(Math.abs));
  const naively = measureForecast(target, { mae: sum(sizes) / rows, mse: squares / rows }, facts);
  return {
    metrics: {
      mae: sum(sizes) / rows,
      mse: squares / rows,
      rmse: Math.sqrt(squares / rows),
      r2: explained(squares, squaredSpread(target)),
      mape: sum(sizes.map((size, row) => size / Math.max(Math.abs(at(target, row)), Number.EPSILON))) / rows,
      smape: sum(sizes.map((size, row) => symmetricShare(size, at(target, row), at(prediction, row)))) / rows,
      ...(volume > 0 && { wape: sum(sizes) / volume }),
      medianAbsoluteError: quantile(sizes, 0.5),
      maxError: sizes.reduce((most, size) => Math.max(most, size), 0),
      explainedVariance: explained(squaredSpread(errors), squaredSpread(target)),
      ...naively.metrics,
    },
    absent: { ...(volume > 0 ? {} : { wape: "the targets sum up to 0" }), ...naively.absent },
  };
}

const symmetricShare = (size: number, truth: number, answer: number): number =>
  size === 0 ? 0 : (2 * size) / (Math.abs(truth) + Math.abs(answer));

/** Of some constant answers the one that is nearest to the target, and the mean absolute error of always giving it. */
export function nearestConstant(
  target: readonly number[],
  answers: readonly number[],
): { answer: number; mae: number } {
  const tried = answers.map((answer) => ({
    answer,
    mae: mean(target.map((truth) => Math.abs(truth - answer))),
  }));
  return tried.reduce((best, each) => (each.mae < best.mae ? each : best), { answer: 0, mae: Infinity });
}

export const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length;

const explained = (unexplained: number, whole: number): number =>
  whole === 0 ? (unexplained === 0 ? 1 : 0) : 1 - unexplained / whole;

function squaredSpread(numbers: readonly number[]): number {
  const centre = mean(numbers);
  return sum(numbers.map((each) => (each - centre) ** 2));
}

/** The rows of a slice, by index. */
export const estimatedRows = (
  { target, prediction, quantiles, naive }: EstimatedRows,
  of: readonly number[],
): EstimatedRows => ({
  naive,
  quantiles: quantilesOf(quantiles, of),
  target: of.map((row) => at(target, row)),
  prediction: of.map((row) => at(prediction, row)),
});
