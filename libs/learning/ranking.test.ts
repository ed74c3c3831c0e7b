import { describe, expect, test } from "vitest";
import { measureRanking, ndcg, ranks, ranksWithin } from "./ranking.ts";

const near = (value: number): unknown => expect.closeTo(value, 9);

// Vectors of scikit-learn 1.2.1: ndcg_score (linear gain), label_ranking_average_precision_score.
describe("a ranking", () => {
  test("is measured by the gain of its order over the best one", () => {
    const query = { relevance: [3, 2, 3, 0, 1, 2], score: [6, 5, 4, 3, 2, 1] };
    expect(ndcg(query)).toEqual(near(0.9608081943));
    expect(ndcg(query, 3)).toEqual(near(0.9777813616));
  });

  test("shares the gains of rows with equal scores, whatever their order", () => {
    expect(ndcg({ relevance: [1, 0, 0, 0, 1], score: [1, 0, 0, 0, 0] })).toEqual(near(0.9118202525));
    expect(ndcg({ relevance: [1, 1, 0, 0, 0], score: [0, 1, 0, 0, 0] })).toEqual(near(0.9118202525));
    expect(ranks([0.5, 0.7, 0.5, 0.1])).toEqual([3, 1, 3, 4]);
  });

  test("is the mean over queries, each by itself", () => {
    const rows = {
      relevance: [1, 0, 0, 0, 0, 1],
      score: [0.75, 0.5, 1, 1, 0.2, 0.1],
      query: ["a", "a", "a", "b", "b", "b"],
    };
    expect(measureRanking(rows).metrics).toMatchObject({
      meanAveragePrecision: near(0.4166666667),
      meanReciprocalRank: near(0.4166666667),
      ndcg: near((1 / Math.log2(3) + 0.5) / 2),
    });
    expect(ranksWithin(rows)).toEqual([2, 3, 1, 1, 2, 3]);
  });

  test("leaves out a query with nothing to find, and has no number when none has", () => {
    const rows = { relevance: [1, 0, 0], score: [2, 1, 3], query: ["a", "a", "b"] };
    expect(measureRanking(rows).metrics).toMatchObject({ ndcg: 1, ndcgAt5: 1, meanReciprocalRank: 1 });
    expect(measureRanking({ ...rows, relevance: [0, 0, 0] })).toMatchObject({
      metrics: {},
      absent: { ndcg: "no query has a relevant row" },
    });
  });
});
