import { chiSquareTail, twoSidedCoin, twoSidedNormal } from "./distributions.ts";
import { sum } from "./confusion.ts";
import { mersenneTwister } from "./mersenne-twister.ts";
import { quantile } from "./quantile.ts";
import { at } from "./values.ts";

/** Do two models differ in how often they are right? Only the rows count in which just one of them is. */
export interface McNemar {
  onlyFirst: number;
  onlySecond: number;
  p: number;
}

/** Below so many such rows the exact coin, from there on χ² with continuity correction. @see McNemar 1947. */
const exactBelow = 25;

export function mcNemar(first: readonly boolean[], second: readonly boolean[]): McNemar {
  const onlyFirst = first.filter((right, row) => right && second[row] === false).length;
  const onlySecond = second.filter((right, row) => right && first[row] === false).length;
  const rows = onlyFirst + onlySecond;
  const p =
    rows < exactBelow
      ? twoSidedCoin(Math.min(onlyFirst, onlySecond), rows)
      : chiSquareTail((Math.abs(onlyFirst - onlySecond) - 1) ** 2 / rows);
  return { onlyFirst, onlySecond, p };
}

/** Do differences lie around 0? The smaller sum of ranks, and how probable one so small is. */
export interface Wilcoxon {
  statistic: number;
  p: number;
}

/** Up to so many differences every choice of signs is counted, beyond the sum of ranks is taken for normal. */
const countedUpTo = 50;

/** Signed ranks of the differences that are not 0; ties have the mean of their ranks. @see Wilcoxon 1945. */
export function wilcoxon(differences: readonly number[], counted = countedUpTo): Wilcoxon | undefined {
  const known = differences.filter((difference) => difference !== 0);
  if (known.length === 0) return undefined;
  const { ranks, ties } = midRanks(known.map(Math.abs));
  const positive = sum(ranks.filter((_, place) => at(known, place) > 0));
  const statistic = Math.min(positive, sum(ranks) - positive);
  if (known.length <= counted) return { statistic, p: Math.min(1, 2 * shareAtMost(ranks, statistic)) };
  const n = known.length;
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - sum(ties.map((size) => size ** 3 - size)) / 48;
  return { statistic, p: twoSidedNormal((statistic - (n * (n + 1)) / 4) / Math.sqrt(variance)) };
}

/** Of all 2ⁿ choices of signs the share whose positive ranks sum up to no more. Doubled, mean ranks are whole. */
function shareAtMost(ranks: readonly number[], statistic: number): number {
  let ways = new Float64Array(sum(ranks) * 2 + 1);
  ways[0] = 1;
  for (const rank of ranks) {
    const doubled = rank * 2;
    ways = ways.map((count, total) => (count + (total < doubled ? 0 : at(ways, total - doubled))) / 2);
  }
  return sum(Array.from(ways.subarray(0, statistic * 2 + 1)));
}

/** Ranks from 1, equal numbers with the mean of theirs; and how many are equal each time. */
export function midRanks(numbers: readonly number[]): { ranks: number[]; ties: number[] } {
  const order = Uint32Array.from(numbers.keys()).sort((a, b) => at(numbers, a) - at(numbers, b));
  const ranks = new Array<number>(numbers.length).fill(0);
  const ties: number[] = [];
  for (let start = 0; start < order.length; start += at(ties, ties.length - 1)) {
    let end = start + 1;
    while (end < order.length && at(numbers, at(order, end)) === at(numbers, at(order, start))) end += 1;
    for (const place of order.subarray(start, end)) ranks[place] = (start + end + 1) / 2;
    ties.push(end - start);
  }
  return { ranks, ties };
}

/** The mean of differences, and where it would lie in 95 of 100 draws of as many rows. */
export interface BootstrapMean {
  mean: number;
  low: number;
  high: number;
}

/** Draws with replacement; fewer of them where there are many rows, whose mean hardly moves. */
const mostDraws = 2_000;
const fewestDraws = 200;
const drawnNumbers = 20_000_000;

/** Percentile interval of the mean; the same differences and seed give the same one. @see Efron 1979. */
export function bootstrapMean(differences: readonly number[], seed = 1): BootstrapMean {
  const rows = differences.length;
  const draws = Math.min(mostDraws, Math.max(fewestDraws, Math.floor(drawnNumbers / rows)));
  const random = mersenneTwister(seed);
  const means = Array.from({ length: draws }, () => {
    let total = 0;
    for (let row = 0; row < rows; row += 1) total += at(differences, random.upTo(rows - 1));
    return total / rows;
  });
  return { mean: sum(differences) / rows, low: quantile(means, 0.025), high: quantile(means, 0.975) };
}
