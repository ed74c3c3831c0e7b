import { Problem } from "@jackfield/problem/problem";
import { classifiedRows, measureClasses, reliabilityOf } from "@jackfield/learning/classification";
import { bestConstant, mostFrequent } from "@jackfield/learning/confusion";
import { rowLogLoss } from "@jackfield/learning/probabilities";
import { asNumber, at, labelOf } from "@jackfield/learning/values";
import type { ColumnType } from "@jackfield/spec/event/artifact";
import { probabilitiesOf, type Answers } from "./answers.ts";
import type { Question } from "./question.ts";

/**
 * Which class is it?
 * @throws Problem E_CLASS_UNSEEN when the answers are plainly not the names of classes, such as their numbers.
 */
export function classQuestion(answers: Answers, usual: readonly string[] | undefined): Question {
  const named = nameOfClass(answers.targetType);
  const target = answers.target.map((value) => named(labelOf(value)));
  const prediction = answers.prediction.map((value) => named(labelOf(value)));
  requireSameNames(answers, target, prediction);
  const probabilities = probabilitiesOf(answers.scores, named);
  const rows = { target, prediction, probabilities };
  const constant = bestConstant(target, usual?.map(named) ?? mostFrequent(target));
  return {
    family: "classification",
    headline: "accuracy",
    measure: (of) => measureClasses(of ? classifiedRows(rows, of) : rows),
    reliability: reliabilityOf(rows),
    baseline: { metric: "accuracy", value: constant.accuracy, answers: constant.answers },
    results: [
      { name: "target", type: "string", values: target },
      { name: "prediction", type: "string", values: prediction },
      { name: "correct", type: "boolean", values: target.map((label, row) => label === prediction[row]) },
      ...(probabilities
        ? [{ name: "loss", type: "number" as const, values: rowLogLoss(target, probabilities) }]
        : []),
      ...(probabilities?.classes ?? []).map((label, index) => ({
        name: `p_${label}`,
        type: "number" as const,
        values: at(probabilities?.columns ?? [], index),
      })),
    ],
  };
}

/** Programs write the same class differently: 1 and 1.0, True and true. */
function nameOfClass(type: ColumnType): (written: string) => string {
  if (type === "integer" || type === "number") return (written) => String(asNumber(written) ?? written);
  return type === "boolean" ? (written) => written.toLowerCase() : (written) => written;
}

const isNumeric = (type: ColumnType): boolean => type === "integer" || type === "number";

function requireSameNames(
  { targetType, predictionType }: Answers,
  target: readonly string[],
  prediction: readonly string[],
): void {
  const known = new Set(target);
  if (isNumeric(targetType) === isNumeric(predictionType) || prediction.some((label) => known.has(label)))
    return;
  const few = (labels: readonly string[]): string => [...new Set(labels)].sort().slice(0, 5).join(", ");
  throw new Problem("E_CLASS_UNSEEN", "none of the predicted classes occurs in the test rows", {
    why: `the model answered ${few(prediction)}; the target holds ${few(target)}`,
    next: "write the name of the class into `prediction`, as it stands in the training table",
  });
}
