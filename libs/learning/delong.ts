import { sum } from "./confusion.ts";
import { twoSidedNormal } from "./distributions.ts";
import { midRanks } from "./paired-tests.ts";
import { at } from "./values.ts";

/** Two areas under the ROC curve over the same rows, their covariance, and whether they differ. */
export interface DeLong {
  areas: [number, number];
  covariance: [[number, number], [number, number]];
  z: number;
  p: number;
}

/** What each positive and each negative row gives to the area. */
interface Placements {
  positives: number[];
  negatives: number[];
}

/**
 * Compares the areas of two scores of the same rows; nothing where one class is missing, or where they cannot differ.
 * @see DeLong 1988, by the ranks of Sun and Xu 2014.
 */
export function deLong(
  isPositive: readonly boolean[],
  first: readonly number[],
  second: readonly number[],
): DeLong | undefined {
  const [a, b] = [placements(isPositive, first), placements(isPositive, second)];
  if (a.positives.length < 2 || a.negatives.length < 2) return undefined;
  const shared = covarianceOf(a, b);
  const covariance: DeLong["covariance"] = [
    [covarianceOf(a, a), shared],
    [shared, covarianceOf(b, b)],
  ];
  const areas: DeLong["areas"] = [mean(a.positives), mean(b.positives)];
  const variance = covariance[0][0] + covariance[1][1] - 2 * shared;
  if (variance <= 0) return undefined;
  const z = (areas[0] - areas[1]) / Math.sqrt(variance);
  return { areas, covariance, z, p: twoSidedNormal(z) };
}

/** Of each positive the share of negatives below it, of each negative the share of positives above, ties ½. */
function placements(isPositive: readonly boolean[], score: readonly number[]): Placements {
  const positives = score.filter((_, row) => isPositive[row] === true);
  const negatives = score.filter((_, row) => isPositive[row] === false);
  const [own, others] = [midRanks(positives).ranks, midRanks(negatives).ranks];
  const all = midRanks([...positives, ...negatives]).ranks;
  return {
    positives: positives.map((_, place) => (at(all, place) - at(own, place)) / negatives.length),
    negatives: negatives.map(
      (_, place) => 1 - (at(all, positives.length + place) - at(others, place)) / positives.length,
    ),
  };
}

const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length;

const covarianceOf = (a: Placements, b: Placements): number =>
  covary(a.positives, b.positives) / a.positives.length +
  covary(a.negatives, b.negatives) / a.negatives.length;

function covary(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [mean(a), mean(b)];
  return sum(a.map((each, place) => (each - left) * (at(b, place) - right))) / (a.length - 1);
}
