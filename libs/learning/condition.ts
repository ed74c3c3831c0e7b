import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { allMetricNames, isMetricName, metricNames, type MetricName } from "./metric-names.ts";
import { asNumber } from "./values.ts";

/** What a number is held against, and the words in which that was written. */
export interface Threshold {
  operator: Operator;
  threshold: number;
  text: string;
}

/** What has to be reached; where that is missed and `warning` is met, the result is a warning. */
export interface Bound extends Threshold {
  warning?: Threshold;
}

/** One condition on one metric. */
export interface Condition extends Bound {
  metric: MetricName;
  weight: number;
  key: boolean;
  /** It is asked of every slice of this name that has enough rows. */
  slices?: string;
}

/** What is asked of the metrics, and of the score: the share of the weight that holds, a warning counting half. */
export interface Gate {
  conditions: Condition[];
  score: Bound[];
}

/** A condition with its fields, as a project file may write it; a text alone is its `is`. */
export interface WrittenCondition {
  is: string;
  warning?: string | undefined;
  weight?: number | undefined;
  key?: boolean | undefined;
  slices?: string | undefined;
  /** Run → its value of the metric, for thresholds that are said by a run. */
  references?: Readonly<Record<string, number>> | undefined;
}

type OneOrMore<T> = T | readonly T[];
export type WrittenGate = Readonly<Record<string, OneOrMore<string | WrittenCondition>>>;

/** It stands in a gate as a metric does. */
export const scoreName = "score";

export const operators = {
  ">=": { holds: (value: number, threshold: number) => value >= threshold, opposite: "<" },
  "<=": { holds: (value: number, threshold: number) => value <= threshold, opposite: ">" },
  ">": { holds: (value: number, threshold: number) => value > threshold, opposite: "<=" },
  "<": { holds: (value: number, threshold: number) => value < threshold, opposite: ">=" },
} as const;

export type Operator = keyof typeof operators;

export const isOperator = (text: string): text is Operator => Object.hasOwn(operators, text);

export const holds = (value: number, { operator, threshold }: Threshold): boolean =>
  operators[operator].holds(value, threshold);

export const asksForMore = ({ operator }: Threshold): boolean => operator === ">=" || operator === ">";

/**
 * `{ accuracy: ">= 0.80", logLoss: ["<= 1", { is: "<= 2", slices: "season" }] }` → conditions, in the order written.
 * @throws Problem E_INVALID naming the key, with the nearest metric names.
 */
export function parseGate(rule: WrittenGate): Gate {
  const score = [rule[scoreName] ?? []].flat().map((written) => parseScore(asMap(written)));
  const conditions = Object.entries(rule)
    .filter(([name]) => name !== scoreName)
    .flatMap(([name, written]) => {
      const metric = requireMetric(name, `gate.${name}`);
      return [written].flat().map((one) => parseCondition(metric, asMap(one)));
    });
  const weighed = conditions.find(({ weight, key }) => key || weight !== 1);
  if (weighed === undefined || score.length > 0) return { conditions, score };
  throw new Problem("E_INVALID", `weight and key of ${weighed.metric} mean nothing without a score`, {
    here: `gate.${weighed.metric}`,
    why: "as long as no score is asked for, each condition must hold",
    next: `say what has to be reached: ${scoreName}: ">= 0.9"`,
  });
}

const asMap = (written: string | WrittenCondition): WrittenCondition =>
  typeof written === "string" ? { is: written } : written;

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

const parseCondition = (metric: MetricName, written: WrittenCondition): Condition => ({
  metric,
  ...parseBound(metric, written),
  weight: written.weight ?? 1,
  key: written.key ?? false,
  ...(written.slices !== undefined && { slices: written.slices }),
});

function parseScore(written: WrittenCondition): Bound {
  const { weight, key, slices } = written;
  if (weight === undefined && key === undefined && slices === undefined)
    return parseBound(scoreName, written);
  throw new Problem("E_INVALID", "the score has no weight, key or slices", {
    here: `gate.${scoreName}`,
    why: "it is made of all other conditions",
    next: 'write score: { is: ">= 0.9", warning: ">= 0.75" }',
  });
}

function parseBound(
  name: MetricName | typeof scoreName,
  { is, warning, references }: WrittenCondition,
): Bound {
  const asked = parseThreshold(name, is, references);
  if (warning === undefined) return asked;
  const nearly = parseThreshold(name, warning, references);
  const isWeaker = asksForMore(asked)
    ? nearly.threshold < asked.threshold
    : nearly.threshold > asked.threshold;
  if (isWeaker && asksForMore(asked) === asksForMore(nearly)) return { ...asked, warning: nearly };
  throw new Problem("E_INVALID", `${name} ${nearly.text} warns of nothing`, {
    here: `gate.${name}`,
    why: `it is no weaker than ${asked.text}`,
    next: "give warning the same operator and a weaker number",
  });
}

function parseThreshold(
  name: MetricName | typeof scoreName,
  text: string,
  references: WrittenCondition["references"],
): Threshold {
  const [, operator = "", number = ""] = /^\s*(>=|<=|>|<)?\s*(.*?)\s*$/.exec(text) ?? [];
  const relative = parseRelative(number);
  const threshold = relative === undefined ? asNumber(number) : besideRun(name, relative, references);
  if (isOperator(operator) && threshold !== undefined) {
    const said = relative === undefined ? number : `${Number(threshold.toPrecision(9))} (${number})`;
    return { operator, threshold, text: `${operator} ${said}` };
  }
  const usual = name === scoreName || metricNames[name].better === "higher" ? ">=" : "<=";
  throw new Problem("E_INVALID", `“${text}” is no condition`, {
    here: `gate.${name}`,
    why: isOperator(operator)
      ? `“${number}” is neither a number nor a run; stages are not known in this release`
      : "a condition is >=, <=, > or < and a number, or a run as in >= seattle-57 - 0.01",
    next: `write ${name}: "${usual} ${threshold === undefined ? "0.8" : number}"`,
  });
}

/** `seattle-57 - 0.01`, `seattle-57 + 5%`: how far from the value of a run. */
interface Relative {
  run: string;
  change: number;
  isShare: boolean;
}

function parseRelative(text: string): Relative | undefined {
  const written = /^([A-Za-z0-9][A-Za-z0-9_-]*-\d+)(?:\s+([+-])\s*(\d+(?:\.\d+)?)(%)?)?$/.exec(text);
  if (written === null) return undefined;
  const [, run = "", sign, amount = "0", percent] = written;
  const change = sign === "-" ? -Number(amount) : Number(amount);
  return { run, change: percent === undefined ? change : change / 100, isShare: percent !== undefined };
}

/** A share is one of the size of the run's value, so that + always asks for a greater number. */
function besideRun(
  name: MetricName | typeof scoreName,
  { run, change, isShare }: Relative,
  references: WrittenCondition["references"],
): number {
  const value = references?.[run];
  if (value !== undefined) return value + change * (isShare ? Math.abs(value) : 1);
  throw new Problem("E_INVALID", `${name} is held against ${run}, and no run of that name has measured it`, {
    here: `gate.${name}`,
    next: "name a run of this project that has finished: jackfield ls runs",
  });
}

/** The runs that a condition is held against. */
export const runsNamedIn = (written: string | WrittenCondition): string[] => {
  const { is, warning } = asMap(written);
  return [is, warning ?? ""].flatMap(
    (text) => parseRelative(text.replace(/^\s*[<>]=?\s*/, "").trim())?.run ?? [],
  );
};
