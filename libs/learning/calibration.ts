import { sum } from "./confusion.ts";
import type { BinaryScores, Probabilities } from "./probabilities.ts";
import { at } from "./values.ts";

/** Rows of which a model was about equally sure: how sure on average, and the share in which it was right. */
export interface ReliabilityBin {
  from: number;
  to: number;
  rows: number;
  said: number;
  was: number;
}

/** What a model said in each row, from 0 to 1, and whether it came true. */
export interface Stated {
  said: readonly number[];
  came: readonly boolean[];
}

/** Of two classes the probability of the positive one; of more, that of the class it holds most likely (Guo 2017). */
export function statedIn(
  target: readonly string[],
  probabilities: Probabilities,
  binary?: BinaryScores,
): Stated {
  if (binary) return { said: binary.scores, came: target.map((label) => label === binary.positive) };
  const { classes, columns } = probabilities;
  const likeliest = target.map((_, row) =>
    columns.reduce((best, column, place) => (at(column, row) > at(at(columns, best), row) ? place : best), 0),
  );
  return {
    said: likeliest.map((place, row) => at(at(columns, place), row)),
    came: likeliest.map((place, row) => classes[place] === target[row]),
  };
}

/** Bins of equal width, each without its upper end, the last one with it; empty ones are left out. */
export function reliability({ said, came }: Stated, bins = 10): ReliabilityBin[] {
  const [rows, total, true_] = [new Float64Array(bins), new Float64Array(bins), new Float64Array(bins)];
  for (const [row, share] of said.entries()) {
    const bin = Math.min(bins - 1, Math.floor(share * bins));
    rows[bin] = at(rows, bin) + 1;
    total[bin] = at(total, bin) + share;
    true_[bin] = at(true_, bin) + (came[row] === true ? 1 : 0);
  }
  return Array.from(rows, (count, bin) => ({
    from: bin / bins,
    to: (bin + 1) / bins,
    rows: count,
    said: at(total, bin) / count,
    was: at(true_, bin) / count,
  })).filter((bin) => bin.rows > 0);
}

/** The mean and the largest gap between what was said and what was; the mean by rows. @see Naeini 2015. */
export function calibrationErrors(bins: readonly ReliabilityBin[]): {
  ece: number;
  maxCalibrationError: number;
} {
  const gaps = bins.map(({ said, was }) => Math.abs(said - was));
  return {
    ece: sum(bins.map(({ rows }, bin) => rows * at(gaps, bin))) / sum(bins.map(({ rows }) => rows)),
    maxCalibrationError: Math.max(...gaps),
  };
}
