import { testCount, type Side, type Assignment } from "./assignment.ts";
import { mersenneTwister, type MersenneTwister } from "./mersenne-twister.ts";
import { at, compareLabels } from "./values.ts";

/** Exact quotas, drawn by a seed from rows in their order. testShare in (0, 1), seed 0 … 2³²−1. */
export interface Quota {
  testShare: number;
  seed: number;
}

/**
 * Draws ceil(testShare · rows) rows for test; all others train.
 * @see scikit-learn train_test_split(test_size, random_state): the same rows, bit by bit.
 */
export function splitByQuota(rows: number, { testShare, seed }: Quota): Assignment {
  const drawn = mersenneTwister(seed).permutation(rows);
  return assigned(rows, drawn.slice(0, testCount(rows, testShare)));
}

/**
 * The same, so that every class keeps its share: counts by largest remainder, ties drawn.
 * A class of one row goes to the side of the largest remainder; scikit-learn refuses it.
 * @see scikit-learn StratifiedShuffleSplit: the same rows, bit by bit.
 */
export function splitByStrata(labels: readonly string[], { testShare, seed }: Quota): Assignment {
  const strata = rowsByClass(labels);
  const twister = mersenneTwister(seed);
  const test = testCount(labels.length, testShare);
  const sizes = strata.map((rows) => rows.length);
  const train = largestRemainder(sizes, labels.length - test, twister);
  // scikit-learn apportions test from what train left, which is all of it; the draws must still be made.
  const left = largestRemainder(
    sizes.map((count, index) => count - at(train, index)),
    test,
    twister,
  );
  const tested = strata.flatMap((rows, index) => {
    const order = twister.permutation(rows.length);
    const first = at(train, index);
    return order.slice(first, first + at(left, index)).map((place) => at(rows, place));
  });
  return assigned(labels.length, tested);
}

function rowsByClass(labels: readonly string[]): number[][] {
  const classes = new Map<string, number[]>();
  for (const [row, label] of labels.entries()) {
    const rows = classes.get(label);
    if (rows) rows.push(row);
    else classes.set(label, [row]);
  }
  return [...classes].sort(([a], [b]) => compareLabels(a, b)).map(([, rows]) => rows);
}

/** Parts `draws` among classes in proportion to their sizes: floors first, then the largest remainders, ties drawn. */
function largestRemainder(sizes: readonly number[], draws: number, twister: MersenneTwister): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size / total) * draws);
  const counts = exact.map(Math.floor);
  const remainders = exact.map((share, index) => share - at(counts, index));
  let missing = draws - counts.reduce((sum, count) => sum + count, 0);
  for (const remainder of [...new Set(remainders)].sort((a, b) => b - a)) {
    if (missing <= 0) break;
    const tied = [...remainders.keys()].filter((index) => remainders[index] === remainder);
    const chosen = twister.permuted(tied).slice(0, missing);
    for (const index of chosen) counts[index] = at(counts, index) + 1;
    missing -= chosen.length;
  }
  return counts;
}

function assigned(rows: number, test: readonly number[]): Assignment {
  const sides = new Array<Side>(rows).fill("train");
  for (const row of test) sides[row] = "test";
  return sides;
}
