import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { allMetricNames, isMetricName, metricNames, type Measured, type MetricName } from "./metric-names.ts";
import { asNumber } from "./values.ts";

/** One condition on one metric, and the words in which it was written. */
export interface Condition {
  metric: MetricName;
  operator: Operator;
  threshold: number;
  text: string;
}

/** What a condition came to. */
export interface JudgedCondition {
  metric: string;
  condition: string;
  value: number;
  pass: boolean;
}

/** No condition, no verdict: that nothing was asked is not that all is well. */
export interface Judgement {
  conditions: JudgedCondition[];
  verdict: "pass" | "fail" | "none";
}

const operators = {
  ">=": { holds: (value: number, threshold: number) => value >= threshold, opposite: "<" },
  "<=": { holds: (value: number, threshold: number) => value <= threshold, opposite: ">" },
  ">": { holds: (value: number, threshold: number) => value > threshold, opposite: "<=" },
  "<": { holds: (value: number, threshold: number) => value < threshold, opposite: ">=" },
} as const;

type Operator = keyof typeof operators;

const isOperator = (text: string): text is Operator => Object.hasOwn(operators, text);

/**
 * `{ accuracy: ">= 0.80", logLoss: ["<= 1", …] }` → conditions, in the order written.
 * @throws Problem E_INVALID naming the key, with the nearest metric names.
 */
export function parseGate(rule: Readonly<Record<string, string | readonly string[]>>): Condition[] {
  return Object.entries(rule).flatMap(([metric, written]) => {
    const name = requireMetric(metric, `gate.${metric}`);
    return [written].flat().map((text) => parseCondition(name, text));
  });
}

/** @throws Problem E_INVALID with the nearest names when no metric is called so. */
export function requireMetric(name: string, here: string): MetricName {
  if (isMetricName(name)) return name;
  const near = nearestNames(name, allMetricNames);
  throw new Problem("E_INVALID", `no metric is called ${name}`, {
    here,
    why: `there are ${allMetricNames.join(", ")}`,
    ...(near.length > 0 && { next: `did you mean ${near.join(" or ")}?` }),
  });
}

function parseCondition(metric: MetricName, text: string): Condition {
  const [, operator = "", number = ""] = /^\s*(>=|<=|>|<)?\s*(.*?)\s*$/.exec(text) ?? [];
  const threshold = asNumber(number);
  if (isOperator(operator) && threshold !== undefined) {
    return { metric, operator, threshold, text: `${operator} ${number}` };
  }
  const usual = metricNames[metric].better === "higher" ? ">=" : "<=";
  throw new Problem("E_INVALID", `“${text}” is no condition`, {
    here: `gate.${metric}`,
    why: isOperator(operator)
      ? `“${number}” is no number; a condition compares with a number`
      : "a condition is >=, <=, > or < and a number",
    next: `write ${metric}: "${usual} ${threshold === undefined ? "0.8" : number}"`,
  });
}

/**
 * Compares what was measured with what was asked; values are compared unrounded.
 * @throws Problem E_METRIC when a metric was not computed, saying why.
 */
export function judge(gate: readonly Condition[], measured: Measured): Judgement {
  const conditions = gate.map(({ metric, operator, threshold, text }) => {
    const value = measured.metrics[metric];
    if (value === undefined) throw notComputed(metric, measured);
    return { metric, condition: text, value, pass: operators[operator].holds(value, threshold) };
  });
  if (conditions.length === 0) return { conditions, verdict: "none" };
  return { conditions, verdict: conditions.every(({ pass }) => pass) ? "pass" : "fail" };
}

function notComputed(metric: MetricName, measured: Measured): Problem {
  const other = `it is a metric of ${metricNames[metric].family}, and the target is of the other kind`;
  return new Problem("E_METRIC", `the gate asks for ${metric}, which could not be computed`, {
    here: `gate.${metric}`,
    why: measured.absent[metric] ?? other,
    next: `ask for one of ${Object.keys(measured.metrics).join(", ")}`,
  });
}

/** `accuracy 0.773 < 0.80`: why a condition failed, with as many digits as it takes to see it. */
export function sayFailure({ metric, condition, value }: JudgedCondition): string {
  const [operator = "", threshold = ""] = condition.split(" ");
  if (!isOperator(operator)) return `${metric} ${sayNumber(value)}`;
  const seen = [3, 4, 6, 9, 15]
    .map((digits) => sayNumber(value, digits))
    .find((text) => !operators[operator].holds(Number(text), Number(threshold)));
  return `${metric} ${seen ?? value} ${operators[operator].opposite} ${threshold}`;
}

/** A metric as people read it: three decimals, fewer for large numbers, more where three would show nothing. */
export function sayNumber(value: number, digits = 3): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 10 ** -digits) return value.toPrecision(Math.max(2, digits - 1));
  return value.toFixed(size >= 1_000 ? digits - 3 : size >= 100 ? digits - 2 : digits);
}
