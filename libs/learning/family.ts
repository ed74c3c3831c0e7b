import { metricNames, isMetricName, type Family } from "./metric-names.ts";
import type { Value } from "./values.ts";

/** What is known of a target before it is measured. */
export interface TargetFacts {
  /** As the table says: string, integer, number, boolean, date or timestamp. */
  type: string;
  values: readonly Value[];
  predictions: readonly Value[];
  /** Are there columns `p_<class>`? */
  hasProbabilities: boolean;
  /** Metrics that a gate or a list asks for. */
  asked: readonly string[];
}

/** Above so many distinct whole numbers a target counts something instead of naming classes. */
const classesAtMost = 20;

/**
 * Text and truth values are classes, fractions are amounts. Whole numbers can be both: what is asked decides, then
 * probabilities, then whether the answers are whole too and the values few (at most 20).
 */
export function familyOf({ type, values, predictions, hasProbabilities, asked }: TargetFacts): Family {
  if (type !== "integer" && type !== "number") return "classification";
  const families = new Set(
    asked
      .filter(isMetricName)
      .map((name) => metricNames[name].family)
      // Rows are ranked where a query is named, whatever the target looks like.
      .filter((family) => family !== "ranking"),
  );
  const [only] = families;
  if (only !== undefined && families.size === 1) return only;
  if (hasProbabilities) return "classification";
  const whole = [...values, ...predictions].every(
    (value) => value === null || Number.isInteger(Number(value)),
  );
  const few = new Set(values.map(String)).size <= classesAtMost;
  return type === "integer" && whole && few ? "classification" : "regression";
}

/** Is a target, before any prediction exists, one whose classes a split should keep in proportion? */
export const namesClasses = (type: string, values: readonly Value[]): boolean =>
  familyOf({ type, values, predictions: [], hasProbabilities: false, asked: [] }) === "classification";
