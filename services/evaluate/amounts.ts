import { Problem } from "@jackfield/problem/problem";
import { sayNumber } from "@jackfield/learning/gate";
import { estimatedRows, mean, measureEstimates } from "@jackfield/learning/regression";
import { at } from "@jackfield/learning/values";
import type { Answers } from "./answers.ts";
import type { Question } from "./question.ts";

/**
 * How much is it?
 * @throws Problem E_TYPE when the answers are no numbers.
 */
export function amountQuestion(answers: Answers, usual: number | undefined): Question {
  if (answers.predictionType !== "number" && answers.predictionType !== "integer") {
    throw new Problem(
      "E_TYPE",
      `the predictions are of type ${answers.predictionType}, and the target is a number`,
      {
        next: "write a number into `prediction` of every row",
      },
    );
  }
  const rows = { target: answers.target.map(Number), prediction: answers.prediction.map(Number) };
  const errors = rows.target.map((truth, row) => at(rows.prediction, row) - truth);
  const constant = usual ?? mean(rows.target);
  return {
    family: "regression",
    headline: "mae",
    measure: (of) => measureEstimates(of ? estimatedRows(rows, of) : rows),
    baseline: {
      metric: "mae",
      value: mean(rows.target.map((truth) => Math.abs(truth - constant))),
      answers: [sayNumber(constant)],
    },
    results: [
      { name: "target", type: "number", values: rows.target },
      { name: "prediction", type: "number", values: rows.prediction },
      { name: "error", type: "number", values: errors },
      { name: "loss", type: "number", values: errors.map(Math.abs) },
    ],
  };
}
