import { shortType } from "@jackfield/spec/event/type";
import { exit, exitOfOutcome } from "../exit.ts";
import type { RunTree } from "../lookup.ts";
import { evaluationOf, timesOf } from "../report.ts";
import { many, metricsInShort, number, seconds } from "../words.ts";
import { details, markdownTable, quoted, quotedLines } from "./markdown.ts";
import { placeOf, verdictOf, type StoryReport } from "./story-report.ts";

/** GitHub takes 65,536 characters in a comment; what surrounds the summary needs some. */
const mostCharacters = 60_000;
const mostRuns = 100;

const signs: Readonly<Record<number, string>> = {
  [exit.pass]: "✅",
  [exit.warning]: "⚠️",
  [exit.waited]: "⏳",
};
const signOf = (code: number): string => signs[code] ?? "❌";

/** A story in Markdown, the verdict first: for a job's summary, and for a comment. */
export function summaryOf(report: StoryReport): string {
  const { event, trees, problems, left } = report;
  const passed = trees.filter(({ run }) => run.state === "pass").length;
  const head = [
    `### ${signOf(report.exit)} ${verdictOf(report)}: ${quoted(placeOf(event) || "no project")}`,
    `${quoted(shortType(event.type))} ${quoted(event.id)}${
      trees.length === 0 ? "" : `, ${passed} of ${many(trees.length, "run")} passed`
    }${left.length === 0 ? "" : `, ${many(left.length, "run")} still going on`}`,
    ...(trees.length === 0 ? [] : [runTable(trees)]),
  ];
  const sections = [
    ...problems.map(({ code, message, why }) =>
      [`${quoted(code)} ${quoted(message)}`, ...(why === undefined ? [] : [quotedLines(why)])].join("\n\n"),
    ),
    ...trees.flatMap(runSection),
  ];
  return within(head, sections);
}

/** As many sections as there is room for. */
function within(head: readonly string[], sections: readonly string[]): string {
  const parts = [...head];
  let size = parts.join("\n\n").length;
  for (const [index, section] of sections.entries()) {
    size += section.length + 2;
    if (size > mostCharacters) {
      parts.push(`… and ${many(sections.length - index, "more section")}: ${quoted("jackfield ls runs")}`);
      break;
    }
    parts.push(section);
  }
  return `${parts.join("\n\n")}\n`;
}

function runTable(trees: readonly RunTree[]): string {
  const worstFirst = [...trees].sort(
    (a, b) => Number(a.run.state === "pass") - Number(b.run.state === "pass"),
  );
  const rows = worstFirst.slice(0, mostRuns).map((tree) => {
    const { run } = tree;
    const times = timesOf(tree);
    return [
      quoted(run.runname),
      quoted(placeOf(run)),
      `${signOf(codeOf(tree))} ${run.verdict === "none" && run.state === "pass" ? "no verdict" : run.state}`,
      run.tasks.cached > 0 ? `${run.tasks.cached} of ${run.tasks.total} cached` : "",
      Object.keys(run.metrics).length === 0 ? "" : quoted(metricsInShort(run.metrics)),
      times === undefined ? "" : seconds(times.total),
    ];
  });
  const more = trees.length > mostRuns ? `\n\n… and ${many(trees.length - mostRuns, "more run")}` : "";
  return `${markdownTable(["run", "of", "outcome", "steps", "metrics", "took"], rows)}${more}`;
}

const codeOf = ({ run }: RunTree): number =>
  run.state === "running" || run.state === "paused"
    ? exit.waited
    : exitOfOutcome(run.state, { strict: true });

/** Of a run that did not pass: the gate, and what ended it. */
function runSection(tree: RunTree): string[] {
  const { run, tasks } = tree;
  if (run.state === "pass") return [];
  const gate = (evaluationOf(tree)?.gate ?? []).map(
    ({ metric, condition, value, pass, warning }) =>
      `- ${pass ? "✓" : warning ? "!" : "✗"} ${quoted(`${metric} ${condition}`)}: ${quoted(number(value))}`,
  );
  const ended = tasks.flatMap(({ step, state, attempts }) => {
    const { problem, message } = attempts.at(-1) ?? {};
    if (["pass", "warning", "triggered", "started"].includes(state)) return [];
    const said =
      problem === undefined ? message : `${problem.code}  ${problem.what}\n${problem.why ?? ""}`.trim();
    return [`- ${quoted(step)} ${state}`, ...(said === undefined ? [] : ["", quotedLines(said)])];
  });
  const why = quoted(`jackfield why ${run.runname}`);
  return [details(`${quoted(run.runname)} ${run.state}`, [...gate, ...ended, "", why].join("\n"))];
}
