import { at, compareLabels } from "./values.ts";

/** How often each class was answered as each class. `counts[i][j]`: rows of class i answered as class j. */
export interface Confusion {
  classes: string[];
  counts: number[][];
  /** Rows of each class, and answers of each class. */
  support: number[];
  answered: number[];
  rows: number;
  correct: number;
}

/** Counts targets against predictions (equal length); classes are all that occur in either, in label order. */
export function confusionOf(target: readonly string[], prediction: readonly string[]): Confusion {
  const classes = [...new Set([...target, ...prediction])].sort(compareLabels);
  const index = new Map(classes.map((label, place) => [label, place]));
  const flat = new Float64Array(classes.length ** 2);
  for (const [row, label] of target.entries()) {
    const cell = (index.get(label) ?? 0) * classes.length + (index.get(at(prediction, row)) ?? 0);
    flat[cell] = at(flat, cell) + 1;
  }
  const counts = classes.map((_, i) => Array.from(flat.slice(i * classes.length, (i + 1) * classes.length)));
  return {
    classes,
    counts,
    support: counts.map(sum),
    answered: classes.map((_, j) => sum(counts.map((line) => at(line, j)))),
    rows: target.length,
    correct: sum(classes.map((_, i) => hits(counts, i))),
  };
}

/** Precision, recall and F1 of one class; a division by zero counts as 0, as scikit-learn does by default. */
export interface ClassMetrics {
  precision: number;
  recall: number;
  f1: number;
  support: number;
}

export const classMetrics = ({
  classes,
  counts,
  support,
  answered,
}: Confusion): Record<string, ClassMetrics> =>
  Object.fromEntries(
    classes.map((label, i) => {
      const [hit, rows, answers] = [hits(counts, i), at(support, i), at(answered, i)];
      return [
        label,
        {
          precision: ratio(hit, answers),
          recall: ratio(hit, rows),
          f1: ratio(2 * hit, rows + answers),
          support: rows,
        },
      ];
    }),
  );

/** Matthews' correlation for any number of classes (Gorodkin 2004); 0 where a side knows one class only. */
export function matthews({ rows, correct, support, answered }: Confusion): number {
  const covariance = correct * rows - dot(support, answered);
  const spread = (rows ** 2 - dot(answered, answered)) * (rows ** 2 - dot(support, support));
  return spread === 0 ? 0 : covariance / Math.sqrt(spread);
}

/** Cohen's kappa, or nothing where target and prediction are all one class: agreement by chance is then complete. */
export function kappa({ rows, correct, support, answered }: Confusion): number | undefined {
  const byChance = dot(support, answered) / rows ** 2;
  return byChance === 1 ? undefined : (correct / rows - byChance) / (1 - byChance);
}

/** The classes that occur most often; several when they are tied. */
export function mostFrequent(labels: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const most = [...counts.values()].reduce((max, count) => Math.max(max, count), 0);
  const classes = [...counts].filter(([, count]) => count === most).map(([label]) => label);
  return classes.sort(compareLabels);
}

/** Of some constant answers those that do best on the target, and the accuracy of always giving one of them. */
export function bestConstant(
  target: readonly string[],
  answers: readonly string[],
): { answers: string[]; accuracy: number } {
  const reached = answers.map((answer) =>
    ratio(target.filter((label) => label === answer).length, target.length),
  );
  const accuracy = reached.reduce((best, each) => Math.max(best, each), 0);
  return { answers: answers.filter((_, index) => reached[index] === accuracy), accuracy };
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
export const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const hits = (counts: readonly (readonly number[])[], place: number): number => at(at(counts, place), place);
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((each, i) => each * at(b, i)));
