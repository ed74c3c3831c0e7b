import { Problem } from "@jackfield/problem/problem";
import type { ExpectedQuantile } from "@jackfield/learning/forecast";
import type { Probabilities } from "@jackfield/learning/probabilities";
import { at, labelOf, type Value } from "@jackfield/learning/values";
import { rowIdColumn, type Column, type ColumnType, type Table } from "@jackfield/spec/event/artifact";
import type { Columns } from "@jackfield/tables/duck";
import { mustHave } from "@jackfield/tables/settle-types";
import { inOrder, joinByRowId } from "./join.ts";

/** The truth and the answers of a model, row by row in the order of the truth. */
export interface Answers {
  rowIds: string[];
  target: Value[];
  targetType: ColumnType;
  prediction: Value[];
  predictionType: ColumnType;
  /** Columns `p_<class>` by class; empty when the model gave none. */
  scores: { named: string; values: number[] }[];
  /** Columns `q_<share>`; empty when the model gave none. */
  quantiles: ExpectedQuantile[];
  /** Any column that travelled with the truth. */
  column: (name: string) => Value[];
}

interface Read {
  table: Table;
  columns: Columns;
}

/**
 * Joins predictions with the truth by row id, and checks that each answer is one.
 * @throws Problem E_NO_COLUMN, E_ROWS_MISSING, E_TYPE, E_BAD_OUTPUT.
 */
export function joinAnswers(truth: Read, predictions: Read, targetColumn: string): Answers {
  const target = columnIn(truth.table, targetColumn, "the held-back truth");
  const prediction = columnIn(predictions.table, "prediction", "the table of predictions");
  const rowIds = valuesOf(truth.columns, rowIdColumn).map(labelOf);
  const places = joinByRowId(rowIds, valuesOf(predictions.columns, rowIdColumn).map(labelOf));
  const answer = (column: string): Value[] => inPlaces(places, valuesOf(predictions.columns, column));
  const answers: Answers = {
    rowIds,
    target: valuesOf(truth.columns, target.name),
    targetType: target.type,
    prediction: answer(prediction.name),
    predictionType: prediction.type,
    scores: predictions.table.columns
      .filter(({ name }) => name.startsWith("p_"))
      .map((column) => ({
        named: column.name.slice(2),
        values: scoresOf(column, answer(column.name), rowIds),
      })),
    quantiles: predictions.table.columns.flatMap((column) => {
      const share = Number(/^q_(0?\.\d+)$/.exec(column.name)?.[1]);
      return share > 0 ? [{ share, values: numbersOf(column, answer(column.name), rowIds) }] : [];
    }),
    column: (name) => valuesOf(truth.columns, columnIn(truth.table, name, "the held-back truth").name),
  };
  requireValues(answers.target, rowIds, `${target.name} of the held-back truth`);
  requireValues(answers.prediction, rowIds, "prediction");
  return answers;
}

function columnIn(table: Table, column: string, called: string): Column {
  const names = table.columns.map(({ name }) => name);
  mustHave(names, column, called);
  return at(table.columns, names.indexOf(column));
}

const valuesOf = (columns: Columns, column: string): Value[] => columns[column] ?? [];

const inPlaces = (places: readonly number[], values: readonly Value[]): Value[] => inOrder(places, values);

function requireValues(values: readonly Value[], rowIds: readonly string[], called: string): void {
  const empty = rowIds.filter((_, row) => values[row] === null);
  if (empty.length === 0) return;
  throw new Problem("E_BAD_OUTPUT", `${called} is empty in ${empty.length} of ${rowIds.length} rows`, {
    why: `the first are ${empty.slice(0, 3).join(", ")}`,
    next: "give each row an answer; a model that cannot answer must say so with a class or number of its own",
  });
}

function numbersOf({ name }: Column, values: readonly Value[], rowIds: readonly string[]): number[] {
  return values.map((value, row) => {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    const shown = value === null ? "empty" : labelOf(value);
    throw new Problem("E_BAD_OUTPUT", `${name} of row ${at(rowIds, row)} is ${shown}, no number`, {
      next: `write a number into ${name} of every row, or leave the column out`,
    });
  });
}

/** Floats that should be 1 end a little above it. */
const slack = 1e-6;

function scoresOf({ name, type }: Column, values: readonly Value[], rowIds: readonly string[]): number[] {
  if (type !== "number" && type !== "integer") {
    throw new Problem("E_TYPE", `${name} holds values of type ${type}, and a probability is a number`, {
      next: `write numbers from 0 to 1 into ${name}, or leave the column out`,
    });
  }
  return values.map((value, row) => {
    const score = value === null ? Number.NaN : Number(value);
    if (score >= -slack && score <= 1 + slack) return Math.min(1, Math.max(0, score));
    const shown = value === null ? "empty" : labelOf(value);
    throw new Problem("E_BAD_OUTPUT", `${name} of row ${at(rowIds, row)} is ${shown}, no probability`, {
      next: `write numbers from 0 to 1 into ${name}, or leave the column out`,
    });
  });
}

/** Scores by class → probabilities, where there are any. */
export const probabilitiesOf = (
  scores: Answers["scores"],
  className: (named: string) => string,
): Probabilities | undefined =>
  scores.length === 0
    ? undefined
    : { classes: scores.map(({ named }) => className(named)), columns: scores.map(({ values }) => values) };
