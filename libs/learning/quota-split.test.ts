import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { countOf, requireBothSides, type Assignment } from "./assignment.ts";
import { mersenneTwister } from "./mersenne-twister.ts";
import { splitByQuota, splitByStrata } from "./quota-split.ts";

const tested = (assignment: Assignment): number[] =>
  [...assignment.keys()].filter((row) => assignment[row] === "test");

// Every expected list was computed with scikit-learn 1.9.1 and numpy 2.4.6.
describe("a split by quota", () => {
  test("permutes as numpy's RandomState does", () => {
    expect(mersenneTwister(42).permutation(10)).toEqual([8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
  });

  test("gives the rows of scikit-learn's train_test_split", () => {
    expect(tested(splitByQuota(10, { testShare: 0.25, seed: 0 }))).toEqual([2, 4, 8]);
    expect(tested(splitByQuota(13, { testShare: 0.3, seed: 42 }))).toEqual([0, 8, 9, 11]);
    const first = tested(splitByQuota(1000, { testShare: 0.1, seed: 123 })).slice(0, 8);
    expect(first).toEqual([5, 7, 41, 43, 50, 85, 114, 131]);
  });

  test("stratified, gives the rows of scikit-learn too, with its draws among tied remainders", () => {
    const tenRows = ["0", "0", "0", "0", "0", "0", "1", "1", "1", "1"];
    expect(tested(splitByStrata(tenRows, { testShare: 0.3, seed: 0 }))).toEqual([0, 4, 7]);
    const three = Array.from("bacabbacabcabacbaabca");
    expect(tested(splitByStrata(three, { testShare: 0.3, seed: 7 }))).toEqual([0, 2, 3, 11, 14, 16, 18]);
    expect(tested(splitByStrata(three, { testShare: 0.25, seed: 2024 }))).toEqual([1, 2, 4, 6, 18, 20]);
    const seven = Array.from({ length: 97 }, (_, row) => String(row % 7));
    expect(tested(splitByStrata(seven, { testShare: 0.2, seed: 1804289383 }))).toEqual([
      3, 4, 8, 10, 12, 16, 17, 27, 29, 41, 51, 57, 61, 63, 67, 70, 72, 74, 82, 91,
    ]);
  });

  test("stratified, agrees with scikit-learn on every one of 1461 rows", () => {
    const label = (row: number): string => (row % 11 ? (row % 3 ? "rain" : "sun") : "fog");
    const labels = Array.from({ length: 1461 }, (_, row) => label(row));
    const rows = tested(splitByStrata(labels, { testShare: 0.2, seed: 99 }));
    expect(createHash("sha256").update(JSON.stringify(rows)).digest("hex")).toBe(
      "a08c9250aed6cd1ee02ac2fe3f15f30be9663321dfc522262235250f1c5427b6",
    );
  });

  test("puts a class of one row on one side instead of refusing the whole table", () => {
    const sides = splitByStrata(["a", "a", "a", "a", "a", "a", "a", "a", "a", "once"], {
      testShare: 0.2,
      seed: 3,
    });
    expect([countOf(sides, "train"), countOf(sides, "test")]).toEqual([8, 2]);
  });

  test("without a row on one side is refused, with the counts", () => {
    const all = splitByQuota(1, { testShare: 0.2, seed: 1 });
    expect(() => requireBothSides(all, "a quota of 0.2")).toThrow(
      expect.objectContaining({
        code: "E_SPLIT_EMPTY",
        message: "no row goes to train",
        why: "a quota of 0.2 puts 0 to train, 1 to test, 0 to neither of 1 rows",
      }),
    );
  });
});
