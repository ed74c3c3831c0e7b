import type { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { familyOf } from "@jackfield/learning/family";
import { parseGate, requireMetric } from "@jackfield/learning/condition";
import { judge, sayFailure, sayNumber, type Judgement, type MeasuredSlice } from "@jackfield/learning/gate";
import { metricNames, type Family, type Measured, type MetricName } from "@jackfield/learning/metric-names";
import { sliceRows, type Slice } from "@jackfield/learning/slices";
import { keepTable } from "@jackfield/service/keep-table";
import { answered, type Answered } from "@jackfield/service/on";
import { rowIdColumn, type Table } from "@jackfield/spec/event/artifact";
import type { evaluate } from "@jackfield/spec/evaluate";
import type { Cell } from "@jackfield/tables/duck";
import { readColumns, writeColumns } from "@jackfield/tables/rows";
import { amountQuestion } from "./amounts.ts";
import { joinAnswers, type Answers } from "./answers.ts";
import { classQuestion } from "./classes.ts";
import { orderQuestion } from "./order.ts";
import type { Question } from "./question.ts";

type Input = z.output<typeof evaluate.input>;
type Output = z.input<typeof evaluate.output>;

/** Joins predictions with the truth, measures, judges by the gate, and leaves a result a row. No model is loaded. */
export const judgePredictions =
  ({ artifacts }: { artifacts: Artifacts }) =>
  async (input: Input): Promise<Answered<Output>> => {
    const gate = parseGate(input.gate);
    const listed = input.metrics?.map((name, place) => requireMetric(name, `metrics[${place}]`));
    const asked = [...(listed ?? []), ...gate.conditions.map(({ metric }) => metric)];
    const read = async (table: Table) => ({
      table,
      columns: await readColumns(await artifacts.pathOf(table.digest)),
    });
    const answers = joinAnswers(await read(input.truth), await read(input.predictions), input.target);
    const question = questionOf(answers, asked, input);
    const all = question.measure();
    const sliced = sliceAnswers(input, answers);
    const slices = sliced.flatMap((slice) => measureSlices(slice, question));
    const judgement = judge(gate, all, slices);
    const measured = listed === undefined ? all : only(asked, all, question.family);
    const output: Output = {
      family: question.family,
      rows: answers.rowIds.length,
      metrics: measured.metrics,
      absent: measured.absent,
      ...(question.reliability && { reliability: question.reliability }),
      baseline: question.baseline,
      slices: slices.map((slice) => ({ ...slice, metrics: onlyThese(measured.metrics, slice.metrics) })),
      gate: judgement.conditions,
      verdict: judgement.verdict,
      results: await keepResults(artifacts, answers, [...question.results, ...sliced.map(sliceColumn)]),
    };
    const result = judgement.verdict === "none" ? "pass" : judgement.verdict;
    return answered<Output>(output, { result, message: inWords(judgement, all, question.headline) });
  };

function questionOf(answers: Answers, asked: readonly MetricName[], { usual, query }: Input): Question {
  if (query !== undefined) return orderQuestion(answers, query);
  const family = familyOf({
    type: answers.targetType,
    values: answers.target,
    predictions: answers.prediction,
    hasProbabilities: answers.scores.length > 0,
    asked,
  });
  return family === "classification" ? classQuestion(answers, usual.classes) : amountQuestion(answers, usual);
}

/** The metrics that were asked for; one of the other family is absent, and says why. */
function only(asked: readonly MetricName[], measured: Measured, family: Family): Measured {
  const wanted: Measured = { metrics: {}, absent: {} };
  for (const name of asked) {
    const value = measured.metrics[name];
    if (value !== undefined) wanted.metrics[name] = value;
    else
      wanted.absent[name] =
        measured.absent[name] ?? `it is a metric of ${metricNames[name].family}, and this is ${family}`;
  }
  return wanted;
}

interface Sliced {
  name: string;
  atLeast: number;
  slices: Slice[];
}

const sliceAnswers = ({ slices }: Input, answers: Answers): Sliced[] =>
  slices.map(({ name, column, by, atLeast }) => ({
    name,
    atLeast,
    slices: sliceRows(column, answers.column(column), by),
  }));

/** Each slice with the metrics that can be computed there. */
const measureSlices = (
  { name, atLeast, slices }: Sliced,
  question: Question,
): (MeasuredSlice & { rows: number })[] =>
  slices.map(({ value, rows }) => ({
    slice: name,
    value,
    rows: rows.length,
    enough: rows.length >= atLeast,
    metrics: question.measure(rows).metrics,
  }));

/** What was computed of a slice, as far as it was asked of the whole. */
const onlyThese = (asked: Measured["metrics"], measured: Measured["metrics"]): Record<string, number> =>
  Object.fromEntries(Object.entries(measured).filter(([metric]) => Object.hasOwn(asked, metric)));

function sliceColumn({ name, slices }: Sliced): Question["results"][number] {
  const values: Cell[] = [];
  for (const { value, rows } of slices) for (const row of rows) values[row] = value;
  return { name: `slice_${name}`, type: "string", values };
}

const keepResults = (
  artifacts: Artifacts,
  { rowIds }: Answers,
  columns: Question["results"],
): Promise<Table> =>
  keepTable(artifacts, "results", (to) =>
    writeColumns(to, [{ name: rowIdColumn, type: "string", values: rowIds }, ...columns]),
  );

/** `accuracy 0.836`, or why not: `accuracy 0.773 < 0.80`. */
function inWords(
  { conditions, verdict }: Judgement,
  { metrics }: Measured,
  headline: Question["headline"],
): string {
  const failed = conditions.filter(({ pass }) => !pass);
  if (failed.length > 0) return failed.map(sayFailure).join("; ");
  const [first] = conditions;
  const said = first
    ? `${first.metric} ${sayNumber(first.value)}`
    : `${headline} ${sayNumber(metrics[headline] ?? 0)}`;
  return verdict === "none" ? `${said}, no gate and so no verdict` : said;
}
