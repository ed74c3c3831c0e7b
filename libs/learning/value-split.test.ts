import { describe, expect, test } from "vitest";
import { leakageReport } from "./leakage.ts";
import { splitByOrder, splitByValue } from "./value-split.ts";

const dates = ["2012-01-01", "2014-12-31", null, "2015-01-01", "2015-12-31"];

describe("a split by value", () => {
  test("puts a range of dates, both ends inside, in test and the rest in train; a row without a date in neither", () => {
    expect(splitByValue("date", dates, { test: "2015-01-01.." })).toEqual([
      "train",
      "train",
      "left",
      "test",
      "test",
    ]);
    expect(splitByValue("date", dates, { test: "2015-01-01..2015-12-30" }).at(-1)).toBe("train");
  });

  test("takes both ranges, and leaves out what neither names", () => {
    const sides = splitByValue("date", dates, { train: "2014-01-01..2014-12-31", test: "2015-01-01.." });
    expect(sides).toEqual(["left", "train", "left", "test", "test"]);
  });

  test("lets a date bound cover all that it names", () => {
    const times = ["2014-12-31T23:59:00Z", "2015-01-01T00:00:00Z", "2015-06-01 10:00:00"];
    expect(splitByValue("at", times, { test: "2015..", train: "..2014-12-31" })).toEqual([
      "train",
      "test",
      "test",
    ]);
    expect(splitByValue("at", times, { test: "2015-01..2015-01" })).toEqual(["train", "test", "train"]);
  });

  test("compares numbers as numbers, whether bigint, double or written as text", () => {
    expect(splitByValue("year", [9n, 10n, 80n], { test: "10..80" })).toEqual(["train", "test", "test"]);
    expect(splitByValue("year", [70, 71, 82.5], { test: ["70", 82.5] })).toEqual(["test", "train", "test"]);
  });

  test("takes a value or a list of them", () => {
    expect(splitByValue("country", ["PL", "NO", "IS"], { test: ["PL", "IS"] })).toEqual([
      "test",
      "train",
      "test",
    ]);
    expect(splitByValue("split", ["train", "test", "dev"], { train: "train", test: "test" })).toEqual([
      "train",
      "test",
      "left",
    ]);
  });

  test("refuses ranges that overlap, naming a value of both", () => {
    expect(() => splitByValue("date", dates, { train: "..2015-01-01", test: "2015-01-01.." })).toThrow(
      expect.objectContaining({
        code: "E_LEAK",
        why: "date 2015-01-01 is in the range of train and in that of test",
      }),
    );
  });

  test.each([
    ["tomorrow..", dates, "the column holds dates, and tomorrow is none"],
    ["..high", [1, 2], "the column holds numbers, and high is none"],
    ["..", dates, "it has no end"],
  ])("refuses the bound %s, saying why", (range, values, why) => {
    expect(() => splitByValue("c", values, { test: range })).toThrow(
      expect.objectContaining({ code: "E_INVALID", why }),
    );
  });

  test("by order, cuts at the last share of the rows and never inside a moment", () => {
    expect(splitByOrder(["d", "a", "b", "e", "c"], 0.4)).toEqual(["test", "train", "train", "test", "train"]);
    expect(splitByOrder([1, 2, 2, 3, null], 0.5)).toEqual(["train", "test", "test", "test", "left"]);
    expect(splitByOrder([9n, 10n], 0.5)).toEqual(["train", "test"]);
  });
});

describe("the leakage report", () => {
  const assignment = ["train", "train", "test", "test", "left"] as const;
  const rows = {
    assignment,
    rowIds: ["a-1", "b-1", "a-2", "c-1", "d-1"],
    contents: ["a", "b", "a", "c", "d"],
    classes: ["sun", "rain", "sun", null, "rain"],
    time: { column: "date", values: ["2012-01-02", "2012-01-01", "2012-02-01", null, "2013-01-01"] },
  };

  test("counts rows a side and class, equal twins across, and the span of each side", () => {
    expect(leakageReport(rows)).toEqual({
      rows: { train: 2, test: 2, left: 1 },
      twins: 1,
      classes: { "": { train: 0, test: 1 }, rain: { train: 1, test: 0 }, sun: { train: 1, test: 1 } },
      time: { column: "date", train: ["2012-01-01", "2012-01-02"], test: ["2012-02-01", "2012-02-01"] },
    });
  });

  test("refuses the same row on both sides", () => {
    expect(() => leakageReport({ ...rows, rowIds: ["x", "y", "y", "z", "w"] })).toThrow(
      expect.objectContaining({ code: "E_LEAK", why: "row y stands on both sides" }),
    );
  });
});
