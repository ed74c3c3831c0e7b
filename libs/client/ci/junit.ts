import { shortType } from "@jackfield/spec/event/type";
import { evaluationOf } from "../report.ts";
import { number } from "../words.ts";
import type { RunTree, TaskRow } from "../lookup.ts";
import { placeOf, type StoryReport } from "./story-report.ts";

type Verdict =
  { kind: "failure" | "error"; type: string; message: string; text: string } | { kind: "skipped" };

interface Case {
  name: string;
  place: string;
  seconds: number;
  verdict?: Verdict | undefined;
}

interface Suite {
  name: string;
  timestamp: string | undefined;
  properties: Readonly<Record<string, string>>;
  cases: Case[];
}

/**
 * A story as JUnit XML: a run is a test suite; its tasks, and what its gate asks for, are the cases.
 * @see https://github.com/jenkinsci/xunit-plugin, junit-10.xsd
 */
export function junitOf(report: StoryReport): string {
  const suites = report.trees.map(suiteOf);
  if (report.problems.length > 0) suites.push(problemSuite(report));
  const cases = suites.flatMap((suite) => suite.cases);
  const name = attribute("name", `jackfield ${placeOf(report.event)}`);
  const body = suites.map(suiteXml).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${name} ${countsXml(cases)}>\n${body}</testsuites>\n`;
}

function suiteOf(tree: RunTree): Suite {
  const { run, tasks } = tree;
  const place = placeOf(run).replaceAll("/", ".");
  const evaluation = evaluationOf(tree);
  const asked = evaluation?.gate ?? [];
  return {
    name: `${placeOf(run)} ${run.runname}`,
    timestamp: run.startedAt,
    properties: { run: run.run, outcome: run.state, workflow: run.workflow },
    cases: [
      ...tasks.map((task) => taskCase(task, place)),
      ...asked.map(({ metric, condition, value, pass, warning, slice }) => ({
        name: `gate ${metric}${slice === undefined ? "" : ` by ${slice.name}`} ${condition}`,
        place: `${place}.gate`,
        seconds: 0,
        // What only warns, or what a score makes up for, breaks no build.
        verdict:
          pass || warning || evaluation?.verdict !== "fail"
            ? undefined
            : ({
                kind: "failure",
                type: "gate",
                message: `${metric} is ${number(value)}, asked is ${condition}`,
                text: "",
              } as const),
      })),
      ...unexplained(tree, place, asked.length === 0 || asked.every(({ pass }) => pass)),
    ],
  };
}

/** A run that did not pass although all that can be seen of it did: its verdict is a case of its own. */
function unexplained({ run, tasks }: RunTree, place: string, gatePassed: boolean): Case[] {
  const isBad = !["pass", "warning", "running", "paused"].includes(run.state);
  if (!isBad || !gatePassed || tasks.some((task) => verdictOf(task) !== undefined)) return [];
  const kind = run.state === "fail" ? "failure" : "error";
  const verdict = {
    kind,
    type: run.state,
    message: `${run.runname} ended with ${run.state}`,
    text: "",
  } as const;
  return [{ name: "verdict", place, seconds: 0, verdict }];
}

function taskCase(task: TaskRow, place: string): Case {
  const { startedAt, finishedAt } = task.attempts.at(-1) ?? {};
  const ms =
    startedAt === undefined || finishedAt === undefined ? 0 : Date.parse(finishedAt) - Date.parse(startedAt);
  return {
    name: task.step,
    place: `${place}.${task.capability}`,
    seconds: ms / 1000,
    verdict: verdictOf(task),
  };
}

function verdictOf({ step, state, attempts, capability }: TaskRow): Verdict | undefined {
  if (state === "pass" || state === "warning") return undefined;
  // Evaluate fails by its gate, which has cases of its own.
  if (state === "fail" && capability === "evaluate") return undefined;
  if (state === "triggered" || state === "started") return { kind: "skipped" };
  const { problem, message } = attempts.at(-1) ?? {};
  return {
    kind: state === "fail" ? "failure" : "error",
    type: problem?.code ?? state,
    message: problem?.what ?? message ?? `${step} ${state}`,
    text: [problem?.why, problem?.next].filter((part) => part !== undefined).join("\n"),
  };
}

const problemSuite = ({ event, problems }: StoryReport): Suite => ({
  name: `${placeOf(event)} ${shortType(event.type)}`,
  timestamp: undefined,
  properties: { event: event.id },
  cases: problems.map(({ code, message, why }) => ({
    name: shortType(event.type),
    place: placeOf(event).replaceAll("/", "."),
    seconds: 0,
    verdict: { kind: "error", type: code, message, text: why ?? "" },
  })),
});

function suiteXml({ name, timestamp, properties, cases }: Suite): string {
  const when =
    timestamp === undefined ? "" : ` ${attribute("timestamp", timestamp.replace(/(\.\d+)?Z$/, ""))}`;
  const about = Object.entries(properties).map(
    ([key, value]) => `      <property ${attribute("name", key)} ${attribute("value", value)}/>\n`,
  );
  return [
    `  <testsuite ${attribute("name", name)} ${countsXml(cases)}${when}>\n`,
    `    <properties>\n${about.join("")}    </properties>\n`,
    ...cases.map(caseXml),
    "  </testsuite>\n",
  ].join("");
}

function countsXml(cases: readonly Case[]): string {
  const of = (kind: Verdict["kind"]): string =>
    String(cases.filter(({ verdict }) => verdict?.kind === kind).length);
  const time = cases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3);
  return [
    attribute("tests", String(cases.length)),
    attribute("failures", of("failure")),
    attribute("errors", of("error")),
    attribute("skipped", of("skipped")),
    attribute("time", time),
  ].join(" ");
}

function caseXml({ name, place, seconds, verdict }: Case): string {
  const head = `    <testcase ${attribute("name", name)} ${attribute("classname", place)} ${attribute("time", seconds.toFixed(3))}`;
  if (verdict === undefined) return `${head}/>\n`;
  if (verdict.kind === "skipped") return `${head}><skipped/></testcase>\n`;
  const { kind, message, type, text } = verdict;
  const said = `${attribute("message", message)} ${attribute("type", type)}`;
  return `${head}><${kind} ${said}>${xmlText(text)}</${kind}></testcase>\n`;
}

const attribute = (name: string, value: string): string =>
  `${name}="${xmlText(value).replaceAll(/[\n\t]/g, (sign) => `&#${sign.charCodeAt(0)};`)}"`;

const named: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** What XML 1.0 cannot hold, not even by its number, becomes the sign for what cannot be shown. */
const xmlText = (text: string): string =>
  text
    .replaceAll(/\r\n?/g, "\n")
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
    .replaceAll(/[&<>"']/g, (sign) => named[sign] ?? sign);
