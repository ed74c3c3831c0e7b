import { describe, expect, test } from "vitest";
import { naiveErrors } from "./forecast.ts";
import { measureEstimates } from "./regression.ts";

const near = (value: number): unknown => expect.closeTo(value, 9);

describe("a forecast", () => {
  // The examples of sktime, mean_absolute_scaled_error and mean_squared_scaled_error(square_root=True).
  test("is measured in units of repeating the last value", () => {
    const naive = naiveErrors([5, 0.5, 4, 6, 3, 5, 2]);
    const rows = { target: [3, -0.5, 2, 7, 2], prediction: [2.5, 0, 2, 8, 1.25] };
    expect(naive).toEqual({ mae: 3, mse: 9.75 });
    expect(measureEstimates({ ...rows, naive }).metrics).toMatchObject({
      mase: near(0.1833333333),
      rmsse: near(0.2056883378),
    });
    expect(measureEstimates(rows).absent.mase).toBe("train is no series that ends before test begins");
  });

  test("knows a season, and no error of a series that is shorter or never changes", () => {
    expect(naiveErrors([1, 2, 3, 2, 3, 5], 3)).toEqual({ mae: 4 / 3, mse: 2 });
    expect(naiveErrors([1, 2, 3], 3)).toBeUndefined();
    const still = measureEstimates({ target: [1], prediction: [2], naive: { mae: 0, mse: 0 } });
    expect(still.absent.rmsse).toBe("the series in train never changes");
  });

  // scikit-learn 1.2, mean_pinball_loss(alpha=0.9) of the reference case of regression.
  test("by quantiles is measured by pinball loss, coverage and width", () => {
    const rows = { target: [3, -0.5, 2, 7], prediction: [2.5, 0, 2, 8] };
    const high = { share: 0.9, values: rows.prediction };
    const one = measureEstimates({ ...rows, quantiles: [high] });
    expect(one.metrics.pinball).toEqual(near(0.15));
    expect(one.absent.coverage).toBe("an interval needs two quantiles, and there is one");
    const low = { share: 0.1, values: [2, 0, 2, 6] };
    const both = measureEstimates({ ...rows, quantiles: [high, low] });
    expect(both.metrics).toMatchObject({
      pinball: near((0.15 + (0.1 * 1 + 0.9 * 0.5 + 0.1 * 1) / 4) / 2),
      coverage: 0.5,
      intervalWidth: near(2.5 / 4),
    });
    expect(measureEstimates(rows).absent.pinball).toBe(
      "the predictions hold no quantiles (columns q_<share>)",
    );
  });
});
