import { sum } from "./confusion.ts";
import type { Measured } from "./metric-names.ts";
import { at } from "./values.ts";

/** Documents and what they are found for: how relevant each is (0 = not at all), and the score it was given. */
export interface RankedRows {
  relevance: readonly number[];
  score: readonly number[];
  query: readonly string[];
}

interface Query {
  relevance: readonly number[];
  score: readonly number[];
}

/**
 * Means over the queries that have something to find. Equal scores share their places: gains are averaged over them,
 * and a rank is the last of its equals, so that no order of rows helps.
 * @see scikit-learn 1.2 ndcg_score (linear gain) and label_ranking_average_precision_score.
 */
export function measureRanking(rows: RankedRows): Measured {
  const queries = queriesIn(rows).filter(({ relevance }) => relevance.some((one) => one > 0));
  if (queries.length === 0) return nothingToFind;
  const mean = (measure: (query: Query) => number): number => sum(queries.map(measure)) / queries.length;
  return {
    metrics: {
      ndcg: mean((query) => ndcg(query)),
      ndcgAt5: mean((query) => ndcg(query, 5)),
      ndcgAt10: mean((query) => ndcg(query, 10)),
      meanAveragePrecision: mean(averagePrecisionOf),
      meanReciprocalRank: mean((query) => 1 / at(ranksOfRelevant(query), 0)),
    },
    absent: {},
  };
}

const nothing = "no query has a relevant row";
const nothingToFind: Measured = {
  metrics: {},
  absent: {
    ndcg: nothing,
    ndcgAt5: nothing,
    ndcgAt10: nothing,
    meanAveragePrecision: nothing,
    meanReciprocalRank: nothing,
  },
};

const queriesIn = ({ relevance, score, query }: RankedRows): Query[] =>
  [...rowsByQuery(query)].map((rows) => ({
    relevance: rows.map((row) => at(relevance, row)),
    score: rows.map((row) => at(score, row)),
  }));

function rowsByQuery(query: readonly string[]): Iterable<number[]> {
  const queries = new Map<string, number[]>();
  for (const [row, name] of query.entries()) {
    const rows = queries.get(name);
    if (rows) rows.push(row);
    else queries.set(name, [row]);
  }
  return queries.values();
}

/** Gain of the order given over that of the best one, of the first `places` only when said. */
export function ndcg({ relevance, score }: Query, places = Infinity): number {
  const best = gain({ relevance, score: relevance }, places);
  return best === 0 ? 0 : gain({ relevance, score }, places) / best;
}

/** Σ relevance / log₂(place + 1), where rows of equal score each get the mean of their gains. */
function gain({ relevance, score }: Query, places: number): number {
  const groups = new Map<number, number[]>();
  for (const [row, value] of score.entries()) {
    const group = groups.get(value);
    if (group) group.push(at(relevance, row));
    else groups.set(value, [at(relevance, row)]);
  }
  let place = 0;
  let total = 0;
  for (const [, gains] of [...groups].sort(([a], [b]) => b - a)) {
    const discounts = gains.map((_, next) => (place + next < places ? 1 / Math.log2(place + next + 2) : 0));
    total += (sum(gains) / gains.length) * sum(discounts);
    place += gains.length;
  }
  return total;
}

/** Rank of each row, 1 = highest score; equal scores all have the last rank among them. */
export const ranks = (score: readonly number[]): number[] => {
  const ordered = Float64Array.from(score).sort().reverse();
  const last = new Map(Array.from(ordered, (value, place) => [value, place + 1]));
  return score.map((value) => last.get(value) ?? score.length);
};

/** Rank of each row within its query. */
export function ranksWithin({ score, query }: RankedRows): number[] {
  const placed: number[] = [];
  for (const rows of rowsByQuery(query))
    for (const [place, rank] of ranks(rows.map((row) => at(score, row))).entries())
      placed[at(rows, place)] = rank;
  return placed;
}

/** Best first. */
const ranksOfRelevant = ({ relevance, score }: Query): number[] =>
  ranks(score)
    .filter((_, row) => at(relevance, row) > 0)
    .sort((a, b) => a - b);

/** Mean over the relevant rows: how many of those ranked at least as high are relevant. */
function averagePrecisionOf(query: Query): number {
  const found = ranksOfRelevant(query);
  const upTo = new Map(found.map((rank, place) => [rank, place + 1]));
  return sum(found.map((rank) => (upTo.get(rank) ?? 0) / rank)) / found.length;
}

/** The rows of a slice, by index. */
export const rankedRows = ({ relevance, score, query }: RankedRows, of: readonly number[]): RankedRows => ({
  relevance: of.map((row) => at(relevance, row)),
  score: of.map((row) => at(score, row)),
  query: of.map((row) => at(query, row)),
});
