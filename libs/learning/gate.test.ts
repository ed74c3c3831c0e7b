import { describe, expect, test } from "vitest";
import { parseGate, type WrittenGate } from "./condition.ts";
import { judge, sayFailure, sayNumber } from "./gate.ts";
import { sliceRows } from "./slices.ts";

const near = (value: number): unknown => expect.closeTo(value, 12);
const measured = {
  metrics: { accuracy: 0.773, macroF1: 0.425 },
  absent: { logLoss: "the predictions hold no probabilities" },
};

describe("a gate", () => {
  test("passes when every condition holds and fails when one does not", () => {
    const gate = parseGate({ accuracy: [">= 0.70", "< 0.99"], macroF1: "> 0.4" });
    expect(judge(gate, measured).verdict).toBe("pass");
    const refused = judge(parseGate({ accuracy: ">= 0.80", macroF1: "> 0.4" }), measured);
    expect(refused).toEqual({
      conditions: [
        { metric: "accuracy", condition: ">= 0.80", value: 0.773, pass: false },
        { metric: "macroF1", condition: "> 0.4", value: 0.425, pass: true },
      ],
      verdict: "fail",
    });
  });

  test("without a condition gives no verdict", () => {
    expect(judge(parseGate({}), measured)).toEqual({ conditions: [], verdict: "none" });
  });

  test("warns where only the weaker condition holds", () => {
    const gate = (macroF1: WrittenGate[string]): string => judge(parseGate({ macroF1 }), measured).verdict;
    expect(gate({ is: ">= 0.5", warning: ">= 0.4" })).toBe("warning");
    expect(gate({ is: ">= 0.5", warning: ">= 0.43" })).toBe("fail");
    expect(gate([{ is: ">= 0.5", warning: ">= 0.4" }, "> 0.425"])).toBe("fail");
  });

  // Keptn 1: weight for a pass, half of it for a warning, over the whole weight; a key objective that fails, fails all.
  test("with a score lets conditions make up for each other, but not for a key one", () => {
    const asked = (more: object): ReturnType<typeof judge> =>
      judge(
        parseGate({
          accuracy: { is: ">= 0.7", weight: 2 },
          macroF1: [
            { is: ">= 0.5", warning: ">= 0.4" },
            { is: ">= 0.9", ...more },
          ],
          score: { is: ">= 0.9", warning: ">= 0.6" },
        }),
        measured,
      );
    const judged = asked({});
    expect(judged.conditions.at(-1)).toEqual({
      metric: "score",
      condition: ">= 0.9",
      value: 2.5 / 4,
      pass: false,
      warning: true,
    });
    expect(judged.verdict).toBe("warning");
    expect(asked({ weight: 0.001 }).verdict).toBe("warning");
    expect(asked({ key: true }).verdict).toBe("fail");
  });

  // MLflow's thresholds: base + min_absolute_change, base · (1 + min_relative_change).
  test("beside a run adds to its value, or a share of its size", () => {
    const references = { "seattle-57": 0.8, "loss-2": -2 };
    const parsed = (is: string): unknown[] => {
      const [condition] = parseGate({ accuracy: { is, references } }).conditions;
      return [condition?.threshold, condition?.text];
    };
    expect(parsed(">= seattle-57 - 0.01")).toEqual([near(0.79), ">= 0.79 (seattle-57 - 0.01)"]);
    expect(parsed(">= seattle-57 + 5%")).toEqual([near(0.84), ">= 0.84 (seattle-57 + 5%)"]);
    expect(parsed("<= loss-2 + 10%")).toEqual([near(-1.8), "<= -1.8 (loss-2 + 10%)"]);
    expect(parsed("> seattle-57")).toEqual([0.8, "> 0.8 (seattle-57)"]);
    const judged = judge(parseGate({ accuracy: { is: ">= seattle-57 - 0.01", references } }), measured);
    expect(judged.verdict).toBe("fail");
    expect(sayFailure(judged.conditions[0]!)).toBe("accuracy 0.773 < 0.79");
    expect(() => parseGate({ accuracy: ">= seattle-58" })).toThrow(
      "accuracy is held against seattle-58, and no run of that name has measured it",
    );
  });

  test("of slices asks the worst that has enough rows", () => {
    const slice = (value: string, accuracy: number, enough = true) => ({
      slice: "season",
      value,
      enough,
      metrics: { accuracy },
    });
    const slices = [slice("winter", 0.8), slice("spring", 0.6), slice("leap day", 0, false)];
    const gate = parseGate({ accuracy: { is: ">= 0.7", slices: "season" } });
    const [judged] = judge(gate, measured, slices).conditions;
    expect(judged).toMatchObject({ value: 0.6, pass: false, slice: { name: "season", value: "spring" } });
    expect(sayFailure(judged!)).toBe("accuracy of season spring 0.600 < 0.7");
    expect(
      judge(parseGate({ accuracy: { is: "< 0.9", slices: "season" } }), measured, slices).conditions,
    ).toEqual([expect.objectContaining({ value: 0.8, pass: true })]);
  });

  test("on a metric that was not computed is a problem that says why", () => {
    expect(() => judge(parseGate({ logLoss: "<= 1" }), measured)).toThrow(
      expect.objectContaining({
        code: "E_METRIC",
        message: "the gate asks for logLoss, which could not be computed",
        why: "the predictions hold no probabilities",
        next: "ask for one of accuracy, macroF1",
      }),
    );
    expect(() => judge(parseGate({ mae: "<= 1" }), measured)).toThrow(
      expect.objectContaining({ why: "it is a metric of regression, and the target is of the other kind" }),
    );
  });

  test("says a failed condition with as many digits as it takes to see it", () => {
    const said = (condition: string, value: number): string =>
      sayFailure({ metric: "accuracy", condition, value, pass: false });
    expect(said(">= 0.80", 0.7731)).toBe("accuracy 0.773 < 0.80");
    expect(said(">= 0.80", 0.79996)).toBe("accuracy 0.799960 < 0.80");
    expect(said("< 0.5", 0.5)).toBe("accuracy 0.500 >= 0.5");
    expect([1234.56, 123.456, 0.00012, 0].map((value) => sayNumber(value))).toEqual([
      "1235",
      "123.5",
      "0.00012",
      "0.000",
    ]);
  });

  test.each([
    ["acuracy", ">= 0.8", { message: "no metric is called acuracy", next: "did you mean accuracy?" }],
    ["accuracy", "0.8", { here: "gate.accuracy", next: 'write accuracy: ">= 0.8"' }],
    [
      "mae",
      ">= production - 0.01",
      { why: "“production - 0.01” is neither a number nor a run; stages are not known in this release" },
    ],
    [
      "accuracy",
      "= 0.8",
      { why: "a condition is >=, <=, > or < and a number, or a run as in >= seattle-57 - 0.01" },
    ],
    ["accuracy", ">=", { here: "gate.accuracy" }],
    [
      "accuracy",
      { is: "> 0.8", weight: 2 },
      { why: "as long as no score is asked for, each condition must hold" },
    ],
    ["accuracy", { is: "> 0.8", warning: "> 0.9" }, { message: "accuracy > 0.9 warns of nothing" }],
    ["score", { is: "> 0.8", key: true }, { why: "it is made of all other conditions" }],
  ])("refuses %s: %j and shows the way", (metric, condition, problem) => {
    expect(() => parseGate({ [metric]: condition })).toThrow(
      expect.objectContaining({ code: "E_INVALID", ...problem }),
    );
  });
});

describe("slices", () => {
  test("by season are meteorological, in the order of the year", () => {
    const dates = ["2015-12-01", "2015-03-01", "2015-02-28T10:00:00", "2015-08-31", null, "2015-09-01"];
    expect(sliceRows("date", dates, "season")).toEqual([
      { value: "winter", rows: [0, 2] },
      { value: "spring", rows: [1] },
      { value: "summer", rows: [3] },
      { value: "autumn", rows: [5] },
      { value: "none", rows: [4] },
    ]);
  });

  test("by value stand in label order; many small ones are judged together, and none is dropped", () => {
    expect(sliceRows("level", [10, 9, 10, null], "value").map(({ value }) => value)).toEqual([
      "9",
      "10",
      "none",
    ]);
    const many = Array.from({ length: 500 }, (_, row) => (row < 400 ? "big" : `small ${row}`));
    const slices = sliceRows("name", many, "value");
    expect(slices).toHaveLength(30);
    expect(slices.at(-1)?.value).toBe("other");
    expect(slices.flatMap(({ rows }) => rows).sort((a, b) => a - b)).toEqual([...many.keys()]);
  });

  test("by quartile hold a quarter each and name their bound", () => {
    expect(sliceRows("wind", [1, 2, 3, 4, 5, 6, 7, 8], "quartile")).toEqual([
      { value: "q1 ≤ 2.75", rows: [0, 1] },
      { value: "q2 ≤ 4.5", rows: [2, 3] },
      { value: "q3 ≤ 6.25", rows: [4, 5] },
      { value: "q4 > 6.25", rows: [6, 7] },
    ]);
  });

  test("refuse a column that does not fit", () => {
    expect(() => sliceRows("name", ["x"], "season")).toThrow(
      expect.objectContaining({ code: "E_INVALID", why: "season is for dates, and one value is “x”" }),
    );
    expect(() => sliceRows("name", ["x"], "quartile")).toThrow("name cannot be sliced by quartile");
  });
});
