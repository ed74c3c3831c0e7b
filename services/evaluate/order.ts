import { Problem } from "@jackfield/problem/problem";
import { measureRanking, rankedRows, ranksWithin } from "@jackfield/learning/ranking";
import { labelOf } from "@jackfield/learning/values";
import { requireNumbers } from "./amounts.ts";
import type { Answers } from "./answers.ts";
import type { Question } from "./question.ts";

/**
 * Which comes first? Asked among the rows of each query.
 * @throws Problem E_TYPE when relevance or scores are no numbers, E_BAD_OUTPUT when a relevance is below 0.
 */
export function orderQuestion(answers: Answers, queryColumn: string): Question {
  requireNumbers(answers.targetType, "targets");
  requireNumbers(answers.predictionType, "predictions");
  const query = answers.column(queryColumn).map(labelOf);
  const rows = { relevance: answers.target.map(Number), score: answers.prediction.map(Number), query };
  if (rows.relevance.some((relevance) => relevance < 0))
    throw new Problem("E_BAD_OUTPUT", "a relevance is below 0", {
      next: "let 0 mean not relevant, and more mean more",
    });
  const blind = measureRanking({ ...rows, score: rows.score.map(() => 0) });
  return {
    family: "ranking",
    headline: "ndcg",
    measure: (of) => measureRanking(of ? rankedRows(rows, of) : rows),
    baseline: { metric: "ndcg", value: blind.metrics.ndcg ?? 0, answers: ["the same score"] },
    results: [
      { name: "target", type: "number", values: rows.relevance },
      { name: "prediction", type: "number", values: rows.score },
      { name: "query", type: "string", values: query },
      { name: "rank", type: "integer", values: ranksWithin(rows) },
    ],
  };
}
