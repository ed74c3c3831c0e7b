import { Problem } from "@jackfield/problem/problem";
import {
  asksForMore,
  holds,
  isOperator,
  operators,
  scoreName,
  type Bound,
  type Condition,
  type Gate,
} from "./condition.ts";
import { sum } from "./confusion.ts";
import { metricNames, type Measured } from "./metric-names.ts";

/** What a condition came to. */
export interface JudgedCondition {
  metric: string;
  condition: string;
  value: number;
  pass: boolean;
  /** It does not hold, but what it warns with does. */
  warning?: true;
  /** The value is that of the worst slice that was asked. */
  slice?: { name: string; value: string };
}

export type Verdict = "pass" | "warning" | "fail";

/** No condition, no verdict: that nothing was asked is not that all is well. */
export interface Judgement {
  conditions: JudgedCondition[];
  verdict: Verdict | "none";
}

/** The metrics of the rows that have one value of a slice; without `enough` rows they decide nothing. */
export interface MeasuredSlice {
  slice: string;
  value: string;
  enough: boolean;
  metrics: Measured["metrics"];
}

/**
 * Compares what was measured with what was asked; values are compared unrounded. Without a score the worst result is
 * the verdict; with one it is the score's, unless a key condition fails.
 * @throws Problem E_METRIC when a metric was not computed, saying why.
 */
export function judge(gate: Gate, measured: Measured, slices: readonly MeasuredSlice[] = []): Judgement {
  const asked = gate.conditions.map((condition) => ({
    ...condition,
    judged: judgeCondition(condition, measured, slices),
  }));
  const score = gate.score.map((bound) => judged(scoreName, bound, { value: scoreOf(asked) }));
  const conditions = [...asked.map((one) => one.judged), ...score];
  const lost = asked.filter((one) => one.key && verdictOf(one.judged) === "fail");
  const deciding = score.length === 0 ? conditions : [...score, ...lost.map((one) => one.judged)];
  return { conditions, verdict: conditions.length === 0 ? "none" : worst(deciding.map(verdictOf)) };
}

export const verdictOf = ({ pass, warning }: JudgedCondition): Verdict =>
  pass ? "pass" : warning ? "warning" : "fail";

const worst = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.includes("fail") ? "fail" : verdicts.includes("warning") ? "warning" : "pass";

const points: Readonly<Record<Verdict, number>> = { pass: 1, warning: 0.5, fail: 0 };

/** @see Keptn 1: a condition that holds gives its weight, a warning half of it. */
const scoreOf = (asked: readonly (Condition & { judged: JudgedCondition })[]): number =>
  asked.length === 0
    ? 1
    : sum(asked.map((one) => one.weight * points[verdictOf(one.judged)])) /
      sum(asked.map(({ weight }) => weight));

function judgeCondition(
  condition: Condition,
  measured: Measured,
  slices: readonly MeasuredSlice[],
): JudgedCondition {
  const { metric } = condition;
  if (condition.slices !== undefined) return judged(metric, condition, worstSlice(condition, slices));
  const value = measured.metrics[metric];
  if (value === undefined) throw notComputed(condition, measured);
  return judged(metric, condition, { value });
}

type Found = Pick<JudgedCondition, "value" | "slice">;

function judged(metric: string, bound: Bound, found: Found): JudgedCondition {
  const pass = holds(found.value, bound);
  const warns = !pass && bound.warning !== undefined && holds(found.value, bound.warning);
  return { metric, condition: bound.text, ...found, pass, ...(warns && { warning: true }) };
}

/** Of the slices that have enough rows and the metric: the one that is worst off. */
function worstSlice(condition: Condition, all: readonly MeasuredSlice[]): Found {
  const { metric, slices: name = "" } = condition;
  const found = all.flatMap(({ slice, value: of, enough, metrics }) => {
    const value = slice === name && enough ? metrics[metric] : undefined;
    return value === undefined ? [] : [{ value, slice: { name, value: of } }];
  });
  const [worstOff] = found.sort((a, b) => (asksForMore(condition) ? a.value - b.value : b.value - a.value));
  if (worstOff) return worstOff;
  throw new Problem("E_METRIC", `the gate asks for ${metric} by ${name}, which could not be computed`, {
    here: `gate.${metric}`,
    why: `no slice of ${name} has enough rows and this metric`,
    next: "lower atLeast of the slice, or take the condition out",
  });
}

function notComputed({ metric }: Condition, measured: Measured): Problem {
  const other = `it is a metric of ${metricNames[metric].family}, and the target is of the other kind`;
  return new Problem("E_METRIC", `the gate asks for ${metric}, which could not be computed`, {
    here: `gate.${metric}`,
    why: measured.absent[metric] ?? other,
    next: `ask for one of ${Object.keys(measured.metrics).join(", ")}`,
  });
}

/** `accuracy 0.773 < 0.80`: why a condition failed, with as many digits as it takes to see it. */
export function sayFailure({ metric, condition, value, slice }: JudgedCondition): string {
  const name = slice === undefined ? metric : `${metric} of ${slice.name} ${slice.value}`;
  const [operator = "", threshold = ""] = condition.split(" ");
  if (!isOperator(operator)) return `${name} ${sayNumber(value)}`;
  const seen = [3, 4, 6, 9, 15]
    .map((digits) => sayNumber(value, digits))
    .find((text) => !operators[operator].holds(Number(text), Number(threshold)));
  return `${name} ${seen ?? value} ${operators[operator].opposite} ${threshold}`;
}

/** A metric as people read it: three decimals, fewer for large numbers, more where three would show nothing. */
export function sayNumber(value: number, digits = 3): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 10 ** -digits) return value.toPrecision(Math.max(2, digits - 1));
  return value.toFixed(size >= 1_000 ? digits - 3 : size >= 100 ? digits - 2 : digits);
}
