import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { sayNumber } from "@jackfield/learning/gate";
import { quantile } from "@jackfield/learning/quantile";
import { estimatedRows, mean, measureEstimates, nearestConstant } from "@jackfield/learning/regression";
import { at } from "@jackfield/learning/values";
import type { ColumnType } from "@jackfield/spec/event/artifact";
import type { usualAnswer } from "@jackfield/spec/project/rules";
import type { Answers } from "./answers.ts";
import type { Question } from "./question.ts";

/** @throws Problem E_TYPE when the values are no numbers. */
export function requireNumbers(type: ColumnType, called: string): void {
  if (type === "number" || type === "integer") return;
  throw new Problem("E_TYPE", `the ${called} are of type ${type}, and numbers are needed`, {
    next: `write a number into each row of the ${called}`,
  });
}

type Usual = z.output<typeof usualAnswer>;

/** The mean misses least in squares, the median in size: the better one is the baseline. */
function constantAnswers(target: readonly number[], usual: Usual): number[] {
  const said = [usual.mean, usual.median].filter((answer) => answer !== undefined);
  return said.length > 0 ? said : [mean(target), quantile(target, 0.5)];
}

/**
 * How much is it?
 * @throws Problem E_TYPE when the answers are no numbers.
 */
export function amountQuestion(answers: Answers, usual: Usual): Question {
  requireNumbers(answers.predictionType, "predictions");
  const rows = {
    target: answers.target.map(Number),
    prediction: answers.prediction.map(Number),
    quantiles: answers.quantiles,
    naive: usual.naive,
  };
  const errors = rows.target.map((truth, row) => at(rows.prediction, row) - truth);
  const constant = nearestConstant(rows.target, constantAnswers(rows.target, usual));
  return {
    family: "regression",
    headline: "mae",
    measure: (of) => measureEstimates(of ? estimatedRows(rows, of) : rows),
    baseline: {
      metric: "mae",
      value: constant.mae,
      answers: [sayNumber(constant.answer)],
    },
    results: [
      { name: "target", type: "number", values: rows.target },
      { name: "prediction", type: "number", values: rows.prediction },
      { name: "error", type: "number", values: errors },
      { name: "loss", type: "number", values: errors.map(Math.abs) },
      ...answers.quantiles.map(({ share, values }) => ({
        name: `q_${share}`,
        type: "number" as const,
        values,
      })),
    ],
  };
}
