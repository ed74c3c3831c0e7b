import { calibrationErrors, reliability, statedIn, type ReliabilityBin } from "./calibration.ts";
import { classMetrics, confusionOf, kappa, matthews, ratio, sum, type Confusion } from "./confusion.ts";
import type { Measured } from "./metric-names.ts";
import {
  averagePrecision,
  binaryScores,
  brier,
  rocAuc,
  rowLogLoss,
  type BinaryScores,
  type Probabilities,
} from "./probabilities.ts";
import { at } from "./values.ts";

/** Answers beside the truth: lists of equal length, at least one row. */
export interface ClassifiedRows {
  target: readonly string[];
  prediction: readonly string[];
  probabilities?: Probabilities | undefined;
}

/**
 * All metrics of classification, with scikit-learn's edge rules.
 * @see scikit-learn 1.2 sklearn.metrics; the checked vectors stand in the tests.
 */
export function measureClasses(rows: ClassifiedRows): Measured {
  const confusion = confusionOf(rows.target, rows.prediction);
  const agreement = kappa(confusion);
  const byLabel: Measured = {
    metrics: { ...labelMetrics(confusion), ...(agreement !== undefined && { kappa: agreement }) },
    absent: agreement === undefined ? { kappa: "target and prediction are one and the same class" } : {},
  };
  const byScore = rows.probabilities
    ? scoreMetrics(rows.target, rows.probabilities, confusion.classes)
    : withoutProbabilities;
  return {
    metrics: { ...byLabel.metrics, ...byScore.metrics },
    absent: { ...byLabel.absent, ...byScore.absent },
  };
}

function labelMetrics(confusion: Confusion): Measured["metrics"] {
  const accuracy = ratio(confusion.correct, confusion.rows);
  const each = Object.values(classMetrics(confusion));
  const asked = each.filter(({ support }) => support > 0);
  return {
    accuracy,
    balancedAccuracy: ratio(sum(asked.map(({ recall }) => recall)), asked.length),
    macroF1: ratio(sum(each.map(({ f1 }) => f1)), each.length),
    // With one label a row, every wrong answer is one false positive and one false negative.
    microF1: accuracy,
    weightedF1: ratio(sum(each.map(({ f1, support }) => f1 * support)), confusion.rows),
    mcc: matthews(confusion),
  };
}

const noScores = "the predictions hold no probabilities (columns p_<class>)";
const withoutProbabilities: Measured = {
  metrics: {},
  absent: {
    logLoss: noScores,
    brier: noScores,
    ece: noScores,
    maxCalibrationError: noScores,
    rocAuc: noScores,
    averagePrecision: noScores,
  },
};

function scoreMetrics(
  target: readonly string[],
  given: Probabilities,
  answered: readonly string[],
): Measured {
  const classes = [...new Set([...answered, ...given.classes])];
  const binary = binaryScores(classes, given);
  const probabilities = binary ? completed(classes, binary) : given;
  const measured: Measured = {
    metrics: {
      logLoss: sum(rowLogLoss(target, probabilities)) / target.length,
      brier: brier(target, probabilities, binary),
      ...calibrationErrors(reliability(statedIn(target, probabilities, binary))),
    },
    absent: {},
  };
  if (!binary)
    return withRanking(measured, { reason: `it needs two classes, and there are ${classes.length}` });
  const [auc, ap] = [rocAuc(target, binary), averagePrecision(target, binary)];
  if (auc === undefined || ap === undefined)
    return withRanking(measured, { reason: `all test rows are of class “${at(target, 0)}”` });
  return { metrics: { ...measured.metrics, rocAuc: auc, averagePrecision: ap }, absent: {} };
}

/** How often the model was right where it was how sure; nothing without probabilities. */
export function reliabilityOf({
  target,
  prediction,
  probabilities,
}: ClassifiedRows): ReliabilityBin[] | undefined {
  if (probabilities === undefined) return undefined;
  const classes = [...new Set([...target, ...prediction, ...probabilities.classes])];
  return reliability(statedIn(target, probabilities, binaryScores(classes, probabilities)));
}

const withRanking = (measured: Measured, { reason }: { reason: string }): Measured => ({
  metrics: measured.metrics,
  absent: { rocAuc: reason, averagePrecision: reason },
});

/** One column of two is as good as both. */
function completed(classes: readonly string[], { positive, scores }: BinaryScores): Probabilities {
  const negative = classes.find((label) => label !== positive) ?? "";
  return { classes: [negative, positive], columns: [scores.map((score) => 1 - score), scores] };
}

/** The rows of a slice, by index. */
export function classifiedRows(rows: ClassifiedRows, of: readonly number[]): ClassifiedRows {
  const pick = <T>(list: readonly T[]): T[] => of.map((row) => at(list, row));
  return {
    target: pick(rows.target),
    prediction: pick(rows.prediction),
    ...(rows.probabilities && {
      probabilities: { ...rows.probabilities, columns: rows.probabilities.columns.map(pick) },
    }),
  };
}
