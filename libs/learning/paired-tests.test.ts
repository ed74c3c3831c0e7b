import { describe, expect, test } from "vitest";
import { deLong } from "./delong.ts";
import { chiSquareTail, twoSidedCoin, twoSidedNormal } from "./distributions.ts";
import { mersenneTwister } from "./mersenne-twister.ts";
import { bootstrapMean, mcNemar, wilcoxon } from "./paired-tests.ts";

const near = (value: number, digits = 9): unknown => expect.closeTo(value, digits);

/** Rows that only the first, only the second, and both have right. */
const rightIn = (first: number, second: number, both = 50): [boolean[], boolean[]] => [
  [
    ...Array<boolean>(first).fill(true),
    ...Array<boolean>(second).fill(false),
    ...Array<boolean>(both).fill(true),
  ],
  [
    ...Array<boolean>(first).fill(false),
    ...Array<boolean>(second).fill(true),
    ...Array<boolean>(both).fill(true),
  ],
];

// Vectors of scipy 1.10.1; quantiles of the normal distribution from its tables.
test("Tails are those of the normal distribution and of χ², far out too", () => {
  expect(twoSidedNormal(1.959963984540054)).toEqual(near(0.05, 14));
  expect(twoSidedNormal(-0.8819171037)).toEqual(near(0.3778216371));
  expect(twoSidedNormal(6)).toEqual(near(1.973175290075e-9, 20));
  expect(twoSidedNormal(0)).toBe(1);
  expect(chiSquareTail(3.841458820694124)).toEqual(near(0.05, 14));
  expect(chiSquareTail(2.7692307692)).toEqual(near(0.0960923295));
});

describe("McNemar's test", () => {
  test("is exact where few rows differ, and χ² with continuity correction where many do", () => {
    expect(mcNemar(...rightIn(10, 3))).toEqual({ onlyFirst: 10, onlySecond: 3, p: near(0.0922851563) });
    expect(twoSidedCoin(0, 0)).toBe(1);
    expect(mcNemar(...rightIn(20, 10)).p).toEqual(near(chiSquareTail(81 / 30)));
    expect(mcNemar(...rightIn(5, 5)).p).toBe(1);
  });
});

describe("Wilcoxon's signed ranks", () => {
  const differences = [0.1, -0.2, 0.3, 0.4, 0.5, -0.1, 0.6, 0.7];
  test("count every choice of signs, ties included, and leave zeros out", () => {
    expect(wilcoxon(differences)).toEqual({ statistic: 4.5, p: near(0.0625) });
    expect(wilcoxon([0, ...differences, 0])).toEqual(wilcoxon(differences));
    expect(wilcoxon([0, 0])).toBeUndefined();
  });

  test("of many rows are taken for normal, corrected for ties", () => {
    expect(wilcoxon(differences, 0)).toEqual({ statistic: 4.5, p: near(0.0583979067) });
    const many = Array.from({ length: 60 }, (_, row) => (row % 3 === 0 ? -1 : 1) * (row + 1));
    expect(wilcoxon(many)?.p).toBeCloseTo(wilcoxon(many, 60)?.p ?? 0, 2);
  });
});

describe("The bootstrap", () => {
  // numpy 1.x, RandomState(0).randint(0, 10, 10) and RandomState(42).randint(0, 10, 10).
  test("draws rows as numpy does", () => {
    const drawn = (seed: number): number[] => {
      const random = mersenneTwister(seed);
      return Array.from({ length: 10 }, () => random.upTo(9));
    };
    expect(drawn(0)).toEqual([5, 0, 3, 3, 7, 9, 3, 5, 2, 4]);
    expect(drawn(42)).toEqual([6, 3, 7, 4, 6, 9, 2, 6, 7, 4]);
  });

  test("gives the same interval for the same seed, near the normal one where there are many rows", () => {
    const differences = Array.from({ length: 400 }, (_, row) => (row % 20) - 9);
    const interval = bootstrapMean(differences);
    expect(bootstrapMean(differences)).toEqual(interval);
    const half = (1.96 * Math.sqrt(33.25)) / 20;
    expect(interval).toEqual({ mean: 0.5, low: near(0.5 - half, 1), high: near(0.5 + half, 1) });
    expect(bootstrapMean([2, 2, 2])).toEqual({ mean: 2, low: 2, high: 2 });
  });
});

describe("DeLong's test", () => {
  const isPositive = [0, 0, 1, 1, 1, 0, 1, 0, 1, 0].map((label) => label === 1);
  const first = [0.1, 0.4, 0.35, 0.8, 0.7, 0.4, 0.4, 0.2, 0.9, 0.6];
  const second = [0.2, 0.3, 0.5, 0.6, 0.4, 0.5, 0.7, 0.1, 0.8, 0.3];
  test("compares two areas over the same rows", () => {
    expect(deLong(isPositive, first, second)).toEqual({
      areas: [near(0.8), near(0.94)],
      covariance: [
        [near(0.023), near(0.0015)],
        [near(0.0015), near(0.0052)],
      ],
      z: near(-0.8819171037),
      p: near(0.3778216371),
    });
  });

  test("says nothing where scores are the same or a class is missing", () => {
    expect(deLong(isPositive, first, first)).toBeUndefined();
    expect(
      deLong(
        isPositive.map(() => true),
        first,
        second,
      ),
    ).toBeUndefined();
  });
});
