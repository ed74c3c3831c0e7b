import { describe, expect, test } from "vitest";
import { countOf } from "./assignment.ts";
import { canonicalKey } from "./canonical-key.ts";
import { splitByHash } from "./hash-split.ts";
import { cutPoints, rowShare } from "./hash-share.ts";
import { contentDigest, contentsIn } from "./row-content.ts";

const days = Array.from({ length: 5000 }, (_, day) => [`day ${day}`]);

// The 64-bit places and digests were computed by an independent program in Python.
describe("the hash recipe", () => {
  test("gives a key the same place in every language", () => {
    expect(rowShare(7, ["2015-01-01"])).toBe(7653816429762414736n);
    expect(rowShare(7, ["Zürich", 12, 0.1, null, true])).toBe(4701787559290120364n);
    expect(rowShare("s", [])).toBe(526910683834973015n);
  });

  test("never gives two different keys the same bytes", () => {
    const keys = [
      ["1"],
      [1],
      [true],
      ["true"],
      [null],
      [""],
      ["a", "b"],
      ["ab", ""],
      ["", "ab"],
      ["a\u0000b"],
      [],
    ];
    expect(new Set(keys.map((key) => canonicalKey(key).toString("hex"))).size).toBe(keys.length);
    expect(canonicalKey([12n])).toEqual(canonicalKey([12]));
    expect(canonicalKey([-0])).toEqual(canonicalKey([0]));
  });

  test("cuts the line exactly, without the rounding of floats", () => {
    expect(cutPoints([0.7, 0.2, 0.1])).toEqual([12912720851596686131n, 16602069666338596454n, 1n << 64n]);
    expect(cutPoints([1e-7, 0.5])[0]).toBe(1844674407370n);
  });
});

describe("a split by hash", () => {
  const sides = splitByHash(days, { testShare: 0.2, seed: 7 });

  test("meets its share in expectation", () => {
    expect(countOf(sides, "test") / days.length).toBeCloseTo(0.2, 1);
  });

  test("moves no row when others come, go, or change their order", () => {
    const fewer = splitByHash(days.slice(0, 100).reverse(), { testShare: 0.2, seed: 7 });
    expect(fewer.toReversed()).toEqual(sides.slice(0, 100));
  });

  test("moves rows one way only when the share grows", () => {
    const wider = splitByHash(days, { testShare: 0.3, seed: 7 });
    expect(sides.every((side, row) => side === "train" || wider[row] === "test")).toBe(true);
    expect(countOf(wider, "test")).toBeGreaterThan(countOf(sides, "test"));
  });

  test("keeps the rows of one key together and is another one with another seed", () => {
    const pairs = splitByHash([...days, ...days], { testShare: 0.2, seed: 7 });
    expect(pairs.slice(0, days.length)).toEqual(pairs.slice(days.length));
    expect(splitByHash(days, { testShare: 0.2, seed: 8 })).not.toEqual(sides);
  });
});

describe("the content of a row", () => {
  test("is the same whatever the order of its columns", () => {
    expect(contentDigest({ b: null, a: 1.5, c: "x" })).toBe("a7cfd7aea639139e");
    expect(contentDigest({ a: 1.5, c: "x", b: null })).toBe("a7cfd7aea639139e");
    expect(contentDigest({ a: 1.5, c: null, b: "x" })).not.toBe("a7cfd7aea639139e");
  });

  test("stands in the ids of rows that have no key, and in no others", () => {
    expect(contentsIn(["a7cfd7aea639139e-1", "a7cfd7aea639139e-12"])).toEqual([
      "a7cfd7aea639139e",
      "a7cfd7aea639139e",
    ]);
    expect(contentsIn(["a7cfd7aea639139e-1", "2015-01-01"])).toBeUndefined();
  });
});
