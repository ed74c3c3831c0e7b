import type { z } from "zod";
import { evaluate } from "@jackfield/spec/evaluate";
import { codeVersion } from "@jackfield/spec/project/code";
import type { RunTree, TaskRow } from "./lookup.ts";
import type { Output } from "./output.ts";
import { at } from "./pick.ts";
import { bar, columns, many, metricWords, number, seconds, shortDigest } from "./words.ts";

export type Evaluation = z.output<typeof evaluate.output>;

/** What evaluate said in this run, if it came so far. */
export function evaluationOf({ tasks }: RunTree): Evaluation | undefined {
  const outputs = tasks.findLast(({ capability }) => capability === "evaluate")?.outputs;
  return outputs === undefined ? undefined : evaluate.output.safeParse(outputs).data;
}

/** The data version that a run used. */
export function dataVersionOf({ tasks }: RunTree): string | undefined {
  const version = at(tasks.find(({ capability }) => capability === "fetch")?.outputs, ["version"]);
  return typeof version === "string" ? version : undefined;
}

export const codeOf = ({ pinned }: RunTree): z.output<typeof codeVersion> | undefined =>
  codeVersion.safeParse(pinned["code"]).data;

/** How long a run took, and how much of that some task was at work; overlapping work counts once. */
export function timesOf({ run, tasks }: RunTree): { total: number; working: number } | undefined {
  if (run.finishedAt === undefined) return undefined;
  const spans = tasks
    .flatMap(({ attempts }) => attempts)
    .flatMap(({ startedAt, finishedAt }): [number, number][] =>
      startedAt === undefined || finishedAt === undefined
        ? []
        : [[Date.parse(startedAt), Date.parse(finishedAt)]],
    )
    .sort(([a], [b]) => a - b);
  let working = 0;
  let end = -Infinity;
  for (const [from, to] of spans) {
    working += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return { total: (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000, working: working / 1000 };
}

/** The report of a run that has finished, as the demo prints it. */
export function report(tree: RunTree, paint: Output["paint"] = (_, text) => text): string {
  const evaluation = evaluationOf(tree);
  const lines = [
    headLine(tree, paint),
    ...(evaluation === undefined ? [] : evaluationLines(evaluation)),
    ...reasonLines(tree),
    cacheLine(tree),
    againLine(tree),
  ];
  return lines.filter((line) => line !== undefined).join("\n");
}

function headLine(tree: RunTree, paint: Output["paint"]): string {
  const { run } = tree;
  const word = run.state === "pass" && run.verdict === "none" ? "no verdict" : run.state;
  const times = timesOf(tree);
  const took =
    times === undefined
      ? ""
      : `   in ${seconds(times.total)}   (working ${seconds(times.working)}, waiting ${seconds(times.total - times.working)})`;
  return `${run.runname}   ${paint(word === "pass" ? "good" : "bad", word.toUpperCase())}${took}`;
}

/** The metric that the gate asks for first, else the one of the baseline. */
function mainMetric({ gate, baseline }: Evaluation): string {
  return gate[0]?.metric ?? baseline.metric;
}

const further = {
  classification: ["macroF1", "balancedAccuracy", "logLoss", "accuracy"],
  regression: ["rmse", "mae", "r2", "medianAbsoluteError"],
  ranking: ["ndcgAt10", "meanAveragePrecision", "meanReciprocalRank", "ndcg"],
} as const;

function evaluationLines(evaluation: Evaluation): string[] {
  const main = mainMetric(evaluation);
  const value = evaluation.metrics[main];
  const others = further[evaluation.family].filter((metric) => metric !== main).slice(0, 3);
  const metrics = others.flatMap((metric) => {
    const measured = evaluation.metrics[metric];
    return measured === undefined ? [] : [`${metricWords(metric)} ${number(measured)}`];
  });
  return [
    `  ${columns([
      value === undefined ? undefined : `${metricWords(main)} ${number(value)}`,
      value === undefined || value > 1 || value < 0 ? undefined : bar(value, 20),
      gateWords(evaluation, main),
      baselineWords(evaluation),
    ])}`,
    ...(metrics.length === 0 ? [] : [`  ${columns(metrics)}`]),
    ...sliceLines(evaluation, main),
  ];
}

function gateWords({ gate }: Evaluation, main: string): string {
  if (gate.length === 0) return "no gate, so no verdict";
  return `gate ${gate
    .map(({ metric, condition, value, pass, warning, slice }) => {
      const isShown = metric === main && slice === undefined;
      const measured = isShown ? "" : ` (${slice === undefined ? "" : `${slice.value} `}${number(value)})`;
      const name = isShown ? "" : `${metricWords(metric)}${slice === undefined ? "" : ` by ${slice.name}`} `;
      const sign = pass ? "✓" : warning ? "!" : "✗";
      return `${name}${condition.replace(">=", "≥").replace("<=", "≤")}${measured} ${sign}`;
    })
    .join("  ")}`;
}

function baselineWords({ baseline }: Evaluation): string {
  const answers = baseline.answers.map((answer) => `"${answer}"`).join("/");
  const name = baseline.metric === "accuracy" ? "" : `${metricWords(baseline.metric)} `;
  return `always ${answers} would reach ${name}${number(baseline.value)}`;
}

const seasons = ["winter", "spring", "summer", "autumn"];

function sliceLines({ slices }: Evaluation, main: string): string[] {
  const names = [...new Set(slices.map(({ slice }) => slice))];
  return names.map((name) => {
    const values = slices
      .filter(({ slice }) => slice === name)
      .sort((a, b) => seasons.indexOf(a.value) - seasons.indexOf(b.value))
      .slice(0, 8)
      .map(({ value, metrics, rows, enough }) => {
        const measured = metrics[main];
        const few = enough ? "" : ` (${many(rows, "row")})`;
        return `${value} ${measured === undefined ? "–" : number(measured)}${few}`;
      });
    return `  by ${name}    ${columns(values)}`;
  });
}

/** What ended a run that did not pass, in the words of the task that ended it. */
function reasonLines({ run, tasks }: RunTree): string[] {
  if (run.state === "pass" || run.state === "running" || run.state === "paused") return [];
  const stopped = tasks.filter((task) => ["errored", "timedout", "aborted"].includes(task.state));
  return stopped.flatMap((task) => {
    const last = task.attempts.at(-1);
    if (last?.problem === undefined)
      return [`  ${task.step} ${task.state}${last?.message === undefined ? "" : `: ${last.message}`}`];
    const { code, what, why, next } = last.problem;
    const attempts = task.attempts.length > 1 ? ` (${many(task.attempts.length, "attempt")})` : "";
    return [
      `  ${task.step} ${task.state}${attempts}: ${code}  ${what}`,
      ...(why ?? "")
        .split("\n")
        .filter((line) => line !== "")
        .slice(-5)
        .map((line) => `    ${line}`),
      ...(next === undefined ? [] : [`    next: ${next.replaceAll("\n", "\n          ")}`]),
    ];
  });
}

function cacheLine({ tasks }: RunTree): string | undefined {
  const cached = tasks.filter((task) => task.cached);
  if (cached.length === 0) return undefined;
  return `  cached       ${cached.map((task: TaskRow) => task.step).join(", ")}`;
}

function againLine(tree: RunTree): string {
  const { pinned } = tree;
  const code = codeOf(tree);
  const data = dataVersionOf(tree);
  const changed = code?.changedFiles ?? 0;
  const from = code === undefined ? undefined : (code.commit?.slice(0, 7) ?? shortDigest(code.tree.digest));
  const configuration = pinned["runconfiguration"];
  return `  same again?  ${[
    typeof configuration === "string" ? `run ${configuration.slice(0, 11)}…` : undefined,
    data === undefined ? undefined : `data ${shortDigest(data).slice(0, 4)}…`,
    from === undefined ? undefined : `code ${from} + ${many(changed, "changed file")}`,
    typeof pinned["seed"] === "number" ? `seed ${pinned["seed"]}` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join("  ")}`;
}
