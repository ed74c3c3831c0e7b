import { at, compareLabels } from "./values.ts";

/** What a model gave each class in each row: `columns[c][row]` in 0 … 1. A class without a column has probability 0. */
export interface Probabilities {
  classes: readonly string[];
  columns: readonly (readonly number[])[];
}

/** 2⁻⁵²: the smallest distance from 0 and 1 that log loss believes in, as scikit-learn ≥ 1.2 for 64-bit floats. */
const epsilon = Number.EPSILON;

/** −ln of the probability of each row's target, clipped to [2⁻⁵², 1 − 2⁻⁵²] and renormalised over the row. */
export function rowLogLoss(target: readonly string[], probabilities: Probabilities): number[] {
  const place = new Map(probabilities.classes.map((label, index) => [label, index]));
  return target.map((label, row) => {
    const clipped = probabilities.columns.map((column) => clip(at(column, row)));
    const own = place.get(label);
    const mass = clipped.reduce((total, each) => total + each, own === undefined ? epsilon : 0);
    return -Math.log((own === undefined ? epsilon : at(clipped, own)) / mass);
  });
}

/** The same question asked of two classes: which is the positive one, and its probability a row. */
export interface BinaryScores {
  positive: string;
  scores: readonly number[];
}

/** The greater label is the positive class; with a column for the other one only, its complement is the score. */
export function binaryScores(
  classes: readonly string[],
  probabilities: Probabilities,
): BinaryScores | undefined {
  const [negative, positive] = [...classes].sort(compareLabels);
  if (classes.length !== 2 || negative === undefined || positive === undefined) return undefined;
  const own = probabilities.columns[probabilities.classes.indexOf(positive)];
  if (own) return { positive, scores: own };
  const other = probabilities.columns[probabilities.classes.indexOf(negative)];
  return other && { positive, scores: other.map((score) => 1 - score) };
}

/** Mean squared distance of the probabilities from the truth: over the positive class of two, summed over more (Brier 1950). */
export function brier(
  target: readonly string[],
  probabilities: Probabilities,
  binary?: BinaryScores,
): number {
  const squares = target.map((label, row) => {
    if (binary) return ((label === binary.positive ? 1 : 0) - at(binary.scores, row)) ** 2;
    const missed = probabilities.classes.includes(label) ? 0 : 1;
    return probabilities.columns.reduce((total, column, index) => {
      const truth = probabilities.classes[index] === label ? 1 : 0;
      return total + (truth - at(column, row)) ** 2;
    }, missed);
  });
  return squares.reduce((total, each) => total + each, 0) / target.length;
}

/** Area under the ROC curve = share of (positive, negative) pairs in the right order, ties ½ (Mann and Whitney 1947). */
export function rocAuc(target: readonly string[], { positive, scores }: BinaryScores): number | undefined {
  const groups = byScore(target, { positive, scores });
  const positives = groups.reduce((total, group) => total + group.positives, 0);
  const negatives = target.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  let [pairs, above] = [0, 0];
  for (const group of groups) {
    pairs += group.negatives * (above + group.positives / 2);
    above += group.positives;
  }
  return pairs / (positives * negatives);
}

/** Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, without interpolation. */
export function averagePrecision(target: readonly string[], binary: BinaryScores): number | undefined {
  const groups = byScore(target, binary);
  const positives = groups.reduce((total, group) => total + group.positives, 0);
  if (positives === 0) return undefined;
  let [area, found, asked] = [0, 0, 0];
  for (const group of groups) {
    found += group.positives;
    asked += group.positives + group.negatives;
    area += (group.positives / positives) * (found / asked);
  }
  return area;
}

interface ScoreGroup {
  score: number;
  positives: number;
  negatives: number;
}

/** Rows of equal score together, highest score first. */
function byScore(target: readonly string[], { positive, scores }: BinaryScores): ScoreGroup[] {
  const groups = new Map<number, ScoreGroup>();
  for (const [row, label] of target.entries()) {
    const score = at(scores, row);
    const group = groups.get(score) ?? { score, positives: 0, negatives: 0 };
    group[label === positive ? "positives" : "negatives"] += 1;
    groups.set(score, group);
  }
  return [...groups.values()].sort((a, b) => b.score - a.score);
}

const clip = (probability: number): number => Math.min(1 - epsilon, Math.max(epsilon, probability));
