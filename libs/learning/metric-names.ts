/** The kind of question a target asks, and so the metrics that make sense for it. */
export type Family = "classification" | "regression" | "ranking";

/** Every metric by the name that project files use; `better` says which direction is good. */
export const metricNames = {
  accuracy: { family: "classification", better: "higher" },
  balancedAccuracy: { family: "classification", better: "higher" },
  macroF1: { family: "classification", better: "higher" },
  microF1: { family: "classification", better: "higher" },
  weightedF1: { family: "classification", better: "higher" },
  mcc: { family: "classification", better: "higher" },
  kappa: { family: "classification", better: "higher" },
  logLoss: { family: "classification", better: "lower" },
  brier: { family: "classification", better: "lower" },
  ece: { family: "classification", better: "lower" },
  maxCalibrationError: { family: "classification", better: "lower" },
  rocAuc: { family: "classification", better: "higher" },
  averagePrecision: { family: "classification", better: "higher" },
  mae: { family: "regression", better: "lower" },
  mse: { family: "regression", better: "lower" },
  rmse: { family: "regression", better: "lower" },
  r2: { family: "regression", better: "higher" },
  mape: { family: "regression", better: "lower" },
  smape: { family: "regression", better: "lower" },
  wape: { family: "regression", better: "lower" },
  medianAbsoluteError: { family: "regression", better: "lower" },
  maxError: { family: "regression", better: "lower" },
  explainedVariance: { family: "regression", better: "higher" },
  mase: { family: "regression", better: "lower" },
  rmsse: { family: "regression", better: "lower" },
  pinball: { family: "regression", better: "lower" },
  coverage: { family: "regression", better: "higher" },
  intervalWidth: { family: "regression", better: "lower" },
  ndcg: { family: "ranking", better: "higher" },
  ndcgAt5: { family: "ranking", better: "higher" },
  ndcgAt10: { family: "ranking", better: "higher" },
  meanAveragePrecision: { family: "ranking", better: "higher" },
  meanReciprocalRank: { family: "ranking", better: "higher" },
} as const satisfies Record<string, { family: Family; better: "higher" | "lower" }>;

export type MetricName = keyof typeof metricNames;

export const isMetricName = (name: string): name is MetricName => Object.hasOwn(metricNames, name);

export const allMetricNames: readonly MetricName[] = Object.keys(metricNames).filter(isMetricName);

/** What was measured, and for what could not be: why. No metric is ever NaN. */
export interface Measured {
  metrics: Partial<Record<MetricName, number>>;
  absent: Partial<Record<MetricName, string>>;
}
