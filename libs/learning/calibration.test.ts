import { expect, test } from "vitest";
import { calibrationErrors, reliability, statedIn } from "./calibration.ts";
import { measureClasses } from "./classification.ts";

const near = (value: number): unknown => expect.closeTo(value, 9);

// The examples of torchmetrics, BinaryCalibrationError and MulticlassCalibrationError, norm l1 and max.
test("Of two classes, what was said of the positive one is held against how often it came", () => {
  const stated = { said: [0.25, 0.25, 0.55, 0.75, 0.75], came: [false, false, true, true, true] };
  const bins = reliability(stated, 2);
  expect(bins).toEqual([
    { from: 0, to: 0.5, rows: 2, said: 0.25, was: 0 },
    { from: 0.5, to: 1, rows: 3, said: near(2.05 / 3), was: 1 },
  ]);
  expect(calibrationErrors(bins)).toEqual({ ece: near(0.29), maxCalibrationError: near(0.95 / 3) });
});

test("Of more classes, what was said of the likeliest one is", () => {
  const columns = [
    [0.25, 0.55, 0.1, 0.9],
    [0.2, 0.05, 0.3, 0.05],
    [0.55, 0.4, 0.6, 0.05],
  ];
  const stated = statedIn(["0", "1", "2", "0"], { classes: ["0", "1", "2"], columns });
  expect(stated).toEqual({ said: [0.55, 0.55, 0.6, 0.9], came: [false, false, true, true] });
  expect(calibrationErrors(reliability(stated, 3))).toEqual({
    ece: near(0.2),
    maxCalibrationError: near(0.7 / 3),
  });
});

test("A probability of 1 lies in the last bin, and empty bins are left out", () => {
  expect(reliability({ said: [1, 0, 0.7], came: [true, false, true] }).map(({ from }) => from)).toEqual([
    0, 0.7, 0.9,
  ]);
});

test("Classes are measured with both errors, in ten bins", () => {
  const probabilities = { classes: ["1"], columns: [[0.25, 0.25, 0.55, 0.75, 0.75]] };
  const target = ["0", "0", "1", "1", "1"];
  const { metrics } = measureClasses({ target, prediction: target, probabilities });
  expect(metrics).toMatchObject({
    ece: near((2 * 0.25 + 0.45 + 2 * 0.25) / 5),
    maxCalibrationError: near(0.45),
  });
  expect(measureClasses({ target, prediction: target }).absent.ece).toContain("no probabilities");
});
