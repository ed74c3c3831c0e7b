import { describe, expect, test } from "vitest";
import { Problem } from "@jackfield/problem/problem";
import { printProblem } from "@jackfield/problem/print";
import { reportOf } from "@jackfield/problem/problem";
import { defaultLifecycle } from "@jackfield/spec/project/workflow";
import { runsInGates } from "./gate-form.ts";
import { longForm } from "./long-form.ts";
import { readProjectFile } from "./project-file.ts";

const six = `project: weather
fetch: data/seattle-weather.csv
split: { by: date, test: 2015-01-01.. }
target: weather
train: node train.mjs
gate: { accuracy: ">= 0.80" }
`;

const known = new Map(["fetch", "split", "train", "evaluate", "noop"].map((name) => [name, "none"]));
const form = (text: string) => longForm(readProjectFile(text, "jackfield.yaml"), known);

const refusal = (text: string): string => {
  try {
    form(text);
  } catch (thrown) {
    if (thrown instanceof Problem) return printProblem(reportOf(thrown));
    throw thrown;
  }
  return "accepted";
};

describe("The smallest file", () => {
  test("says everything in its long form, and where each value came from", () => {
    const { applied, origins } = form(six);
    expect(applied).toEqual({
      organization: "default",
      project: "weather",
      bind: {},
      workflows: { lifecycle: { on: ["code", "data"], steps: defaultLifecycle.steps } },
      subprojects: {
        weather: {
          fetch: { from: "data/seattle-weather.csv" },
          split: { method: "column", column: "date", test: "2015-01-01.." },
          target: "weather",
          train: { command: "node train.mjs", params: {}, inputs: "parquet" },
          evaluate: { slices: [{ name: "season", column: "date", by: "season", atLeast: 30 }] },
          gate: { accuracy: ">= 0.80" },
          attempts: { fetch: 3, split: 3, train: 3, evaluate: 3 },
        },
      },
    });
    expect(origins["weather"]).toMatchObject({
      "/fetch/from": "jackfield.yaml:2",
      "/split/column": "jackfield.yaml:3",
      "/gate/accuracy": "jackfield.yaml:6",
      "/train/params": "default",
      "/evaluate/slices": "default",
    });
    expect(Object.keys(origins["*"] ?? {})).toEqual([
      "/organization",
      "/bind",
      "/workflows/lifecycle/on",
      ...["fetch", "split", "train", "evaluate"].map((step) => `/workflows/lifecycle/steps/${step}`),
    ]);
    expect(new Set(Object.values(origins["*"] ?? {}))).toEqual(new Set(["default"]));
  });

  test("is the same in JSON, line breaks and order of keys aside", () => {
    const json = JSON.stringify({
      gate: { accuracy: ">= 0.80" },
      train: "node train.mjs",
      target: "weather",
      split: { by: "date", test: "2015-01-01.." },
      fetch: "data/seattle-weather.csv",
      project: "weather",
    });
    expect(form(json).applied).toEqual(form(six).applied);
  });
});

describe("A subproject", () => {
  test("takes the project's settings, adds to its maps and overrides what it says itself", () => {
    const { applied, origins } = form(
      `${six}params: { trees: 100, depth: 4 }\nsubprojects:\n  IS: { params: { trees: 30 }, gate: { logLoss: "<= 1" } }\n  NO:\n`,
    );
    expect(Object.keys(applied.subprojects)).toEqual(["IS", "NO"]);
    expect(applied.subprojects["IS"]).toMatchObject({
      train: { params: { trees: 30, depth: 4 } },
      gate: { accuracy: ">= 0.80", logLoss: "<= 1" },
    });
    expect(applied.subprojects["NO"]?.train.params).toEqual({ trees: 100, depth: 4 });
    expect(origins["IS"]).toMatchObject({
      "/train/params/trees": "jackfield.yaml:9",
      "/train/params/depth": "jackfield.yaml:7",
    });
  });
});

test("Limits are the project's own, each with its place", () => {
  const { applied, origins } = form(`${six}limits: { running: 20, capabilities: { train: 2 } }\n`);
  expect(applied.limits).toEqual({ running: 20, capabilities: { train: 2 } });
  expect(origins["*"]).toMatchObject({ "/limits/capabilities/train": "jackfield.yaml:7" });
});

test("A gate beside a run pins what that run had measured", () => {
  const text = six.replace('">= 0.80"', '[">= 0.80", ">= weather-3 - 0.01"]');
  const { file, source } = readProjectFile(text, "jackfield.yaml");
  expect(runsInGates(file)).toEqual(["weather-3"]);
  const references = new Map([["weather-3", { accuracy: 0.85, mcc: 0.5 }]]);
  const { gate } = longForm({ file, source }, known, references).applied.subprojects["weather"]!;
  expect(gate).toEqual({
    accuracy: [">= 0.80", { is: ">= weather-3 - 0.01", references: { "weather-3": 0.85 } }],
  });
});

describe("A split", () => {
  const split = (text: string) => {
    const { split: rule, evaluate } = form(six.replace(/^split:.*$/m, text)).applied.subprojects["weather"]!;
    return { rule, slices: evaluate.slices };
  };
  test("is automatic when nothing is said, and a quota when only a share is", () => {
    expect(split("")).toEqual({ rule: { method: "auto", test: 0.2 }, slices: [] });
    expect(split("split: 0.3")).toEqual({ rule: { method: "quota", test: 0.3 }, slices: [] });
    expect(split("split: { test: 0.3, stratify: weather }").rule).toEqual({
      method: "quota",
      test: 0.3,
      stratify: "weather",
    });
  });
  test("by a word that is no method is by a column; only ranges of dates have seasons", () => {
    expect(split("split: { by: hash, test: 0.2, key: id }").rule).toEqual({
      method: "hash",
      test: 0.2,
      key: "id",
    });
    expect(split("split: { by: city, test: [Oslo, NO] }")).toEqual({
      rule: { method: "column", column: "city", test: ["Oslo", "NO"] },
      slices: [],
    });
  });
});

test("What cannot be kept or understood is refused with its place and the way out", () => {
  const refused = [
    six.replace("target:", "tarjet:"),
    six.replace("by: date", "bye: date"),
    `${six}hpo: { trees: 10..300 }\n`,
    `${six}on: [code, drift]\n`,
    six.replace("target: weather\n", ""),
    six.replace("target: weather", "target: 7"),
    six.replace("project: weather", "project: weather-2"),
    six.replace("fetch:", "\tfetch:"),
    `${six}gate: {}\n`,
    six.replace("2015-01-01..", "0.2"),
    six.replace("{ by: date, test: 2015-01-01.. }", "{ by: quota, test: 1.5 }"),
    six.replace("accuracy:", "acuracy:"),
    six.replace(">= 0.80", ">= production - 0.01"),
    six.replace(">= 0.80", ">= weather-9 - 0.01"),
    six.replace('">= 0.80"', '{ is: ">= 0.80", weight: 2 }'),
    six.replace('">= 0.80"', '{ is: ">= 0.80", slices: month }'),
    six.replace("accuracy:", "ndcg:"),
    six.replace("node train.mjs", "node train.mjs {in.trian}"),
    `${six}params: { a-b: 1, a_b: 2 }\n`,
    `${six}params: { trees: 1 }\n`.replace("train: node train.mjs", "train: { params: { trees: 2 } }"),
    `${six}attempts: { trian: 1 }\n`,
    `${six}limits: { runing: 2 }\n`,
    `${six}limits: { handlers: { boost: 0 } }\n`,
    "",
  ];
  expect(refused.map(refusal).join("\n\n")).toMatchSnapshot();
});

test("A trigger may hold an expression, which is checked with the file", () => {
  const on = (trigger: string): string => refusal(`${six}on: [${JSON.stringify(trigger)}]\n`);
  expect(on("run.finished cesql:'attempt - 1 = 0'")).toBe("accepted");
  expect(on("run.finished cesql:'attempt >'")).toContain(
    "The end stands where an operand should, at character 30",
  );
  expect(on("seattle 0 3 * * *")).toContain("is not supported in this release");
});

test("A small file cannot become a huge value", () => {
  const bombs = [
    "a: &a [x,x,x,x,x,x,x,x,x,x]",
    ..."bcdefg".split("").map((name, index) => {
      const before = "abcdef"[index] ?? "a";
      return `${name}: &${name} [${Array(10).fill(`*${before}`).join(",")}]`;
    }),
  ];
  expect(refusal(`${six}params:\n  ${bombs.join("\n  ")}\n`)).toContain("E_YAML");
});
