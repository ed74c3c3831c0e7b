import { sum } from "./confusion.ts";
import type { Measured } from "./metric-names.ts";
import { at } from "./values.ts";

/** How far a series lies from itself one season before: mean absolute and mean squared error of the naive forecast. */
export interface NaiveErrors {
  mae: number;
  mse: number;
}

/** The value below which a model expects a share of the truth, in each row. */
export interface ExpectedQuantile {
  share: number;
  values: readonly number[];
}

/** What a forecast brings beside its value, and what is known of the series before it. */
export interface ForecastFacts {
  quantiles?: readonly ExpectedQuantile[] | undefined;
  naive?: NaiveErrors | undefined;
}

/** Of a series in the order of time; nothing when it is not longer than a season. @see Hyndman and Koehler 2006. */
export function naiveErrors(series: readonly number[], season = 1): NaiveErrors | undefined {
  const errors = series.slice(season).map((value, place) => value - at(series, place));
  if (errors.length === 0) return undefined;
  return {
    mae: sum(errors.map(Math.abs)) / errors.length,
    mse: sum(errors.map((error) => error ** 2)) / errors.length,
  };
}

/** What only a forecast has: errors in units of the naive one, and how good its quantiles are. */
export function measureForecast(
  target: readonly number[],
  errors: NaiveErrors,
  { quantiles = [], naive }: ForecastFacts,
): Measured {
  const scaled = scaledErrors(errors, naive);
  const spread = quantiles.length === 0 ? withoutQuantiles : measureQuantiles(target, quantiles);
  return {
    metrics: { ...scaled.metrics, ...spread.metrics },
    absent: { ...scaled.absent, ...spread.absent },
  };
}

function scaledErrors({ mae, mse }: NaiveErrors, naive: NaiveErrors | undefined): Measured {
  if (naive !== undefined && naive.mae > 0)
    return { metrics: { mase: mae / naive.mae, rmsse: Math.sqrt(mse / naive.mse) }, absent: {} };
  const reason =
    naive === undefined
      ? "train is no series that ends before test begins"
      : "the series in train never changes";
  return { metrics: {}, absent: { mase: reason, rmsse: reason } };
}

const noQuantiles = "the predictions hold no quantiles (columns q_<share>)";
const withoutQuantiles: Measured = {
  metrics: {},
  absent: { pinball: noQuantiles, coverage: noQuantiles, intervalWidth: noQuantiles },
};

function measureQuantiles(target: readonly number[], quantiles: readonly ExpectedQuantile[]): Measured {
  const losses = quantiles.map(({ share, values }) => pinball(target, values, share));
  const pinballed = { pinball: sum(losses) / losses.length };
  const [lowest, ...others] = [...quantiles].sort((a, b) => a.share - b.share);
  const highest = others.at(-1);
  if (lowest === undefined || highest === undefined) {
    const one = "an interval needs two quantiles, and there is one";
    return { metrics: pinballed, absent: { coverage: one, intervalWidth: one } };
  }
  const inside = target.filter(
    (truth, row) => truth >= at(lowest.values, row) && truth <= at(highest.values, row),
  );
  const widths = lowest.values.map((low, row) => at(highest.values, row) - low);
  return {
    metrics: {
      ...pinballed,
      coverage: inside.length / target.length,
      intervalWidth: sum(widths) / target.length,
    },
    absent: {},
  };
}

/** Mean of share · e where the truth lies above, (share − 1) · e where it lies below (Koenker and Bassett 1978). */
const pinball = (target: readonly number[], expected: readonly number[], share: number): number =>
  sum(
    target.map((truth, row) => {
      const error = truth - at(expected, row);
      return error >= 0 ? share * error : (share - 1) * error;
    }),
  ) / target.length;

/** The quantiles of some rows, by index. */
export const quantilesOf = (
  quantiles: readonly ExpectedQuantile[] | undefined,
  of: readonly number[],
): ExpectedQuantile[] | undefined =>
  quantiles?.map(({ share, values }) => ({ share, values: of.map((row) => at(values, row)) }));
