import { changesBetween } from "./differences.ts";
import type { RunTree } from "./lookup.ts";
import { codeOf, dataVersionOf } from "./report.ts";
import { handlerWords, shortDigest } from "./words.ts";

/** Something that was put into two runs differently, and may explain why they came out differently. */
export interface Cause {
  kind: "handler" | "configuration" | "code" | "data" | "seed";
  what: string;
  from: string;
  to: string;
}

export interface MetricDifference {
  metric: string;
  from: number | undefined;
  to: number | undefined;
}

export interface Comparison {
  runs: [string, string];
  causes: Cause[];
  metrics: MetricDifference[];
}

/** What went into two runs differently, and what came out of them. */
export const compareRuns = (a: RunTree, b: RunTree): Comparison => ({
  runs: [a.run.runname, b.run.runname],
  causes: [
    ...handlerCauses(a, b),
    ...changesBetween(a.pinned["configuration"], b.pinned["configuration"]).map(
      ({ path, from, to }): Cause => ({
        kind: "configuration",
        what: path.join("."),
        from: word(from),
        to: word(to),
      }),
    ),
    ...differing("code", "code", codeWords(a), codeWords(b)),
    ...differing("data", "data", dataWords(a), dataWords(b)),
    ...differing("seed", "seed", word(a.pinned["seed"]), word(b.pinned["seed"])),
  ],
  metrics: metricDifferences(a, b),
});

const word = (value: unknown): string =>
  value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);

const differing = (kind: Cause["kind"], what: string, from: string, to: string): Cause[] =>
  from === to ? [] : [{ kind, what, from, to }];

const codeWords = (tree: RunTree): string => {
  const code = codeOf(tree);
  if (code === undefined) return "none";
  return `${code.commit?.slice(0, 7) ?? "no commit"}, tree ${shortDigest(code.tree.digest)}`;
};

const dataWords = (tree: RunTree): string => {
  const version = dataVersionOf(tree);
  return version === undefined ? "none" : shortDigest(version);
};

/** Step → `handler@version` of the attempt that answered. */
function handlers({ tasks }: RunTree): Map<string, string> {
  return new Map(
    tasks.flatMap(({ step, attempts }) => {
      const last = attempts.findLast(({ role }) => role === "primary");
      return last === undefined ? [] : [[step, handlerWords(last.handler, last.handlerversion)]];
    }),
  );
}

function handlerCauses(a: RunTree, b: RunTree): Cause[] {
  const [before, after] = [handlers(a), handlers(b)];
  const steps = [...before.keys()].filter((step) => after.has(step));
  return steps.flatMap((step) => differing("handler", step, before.get(step) ?? "", after.get(step) ?? ""));
}

function metricDifferences(a: RunTree, b: RunTree): MetricDifference[] {
  const names = [...new Set([...Object.keys(a.run.metrics), ...Object.keys(b.run.metrics)])];
  return names
    .map((metric) => ({ metric, from: a.run.metrics[metric], to: b.run.metrics[metric] }))
    .filter(({ from, to }) => from !== to);
}

/** `only cause: handler train (command@1 → logistic@1)`, or the list of causes when there are several. */
export function causeLines(causes: readonly Cause[]): string[] {
  const [only] = causes;
  if (only === undefined) return ["nothing that went in is different"];
  if (causes.length === 1) return [`only cause: ${causeWords(only)}`];
  return [`${causes.length} causes`, ...causes.map((cause) => `  ${causeWords(cause)}`)];
}

const causeWords = ({ kind, what, from, to }: Cause): string =>
  `${kind === what ? kind : `${kind} ${what}`} (${from} → ${to})`;
