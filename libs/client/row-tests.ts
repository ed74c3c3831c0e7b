import { deLong, type DeLong } from "@jackfield/learning/delong";
import {
  bootstrapMean,
  mcNemar,
  wilcoxon,
  type BootstrapMean,
  type McNemar,
} from "@jackfield/learning/paired-tests";
import { binaryScores } from "@jackfield/learning/probabilities";
import type { Row } from "./parquet.ts";
import { columns, number, table } from "./words.ts";

/** One test row as two runs judged it. */
export interface RowPair {
  before: Row;
  after: Row;
}

/** Is what came out differently more than chance? Each is there when the results hold what it needs. */
export interface RowTests {
  correct?: McNemar;
  /** Loss of the second run minus that of the first. */
  loss?: BootstrapMean & { p: number };
  rocAuc?: DeLong;
}

/** Tests over the rows that both runs judged. */
export function testRows(pairs: readonly RowPair[]): RowTests {
  const correct = correctTest(pairs);
  const loss = lossTest(pairs);
  const rocAuc = rocTest(pairs);
  return { ...(correct && { correct }), ...(loss && { loss }), ...(rocAuc && { rocAuc }) };
}

function correctTest(pairs: readonly RowPair[]): McNemar | undefined {
  const before = pairs.map(({ before }) => before["correct"]);
  const after = pairs.map(({ after }) => after["correct"]);
  return before.every(isBoolean) && after.every(isBoolean) ? mcNemar(before, after) : undefined;
}

function lossTest(pairs: readonly RowPair[]): RowTests["loss"] {
  const differences = pairs.map(({ before, after }) => Number(after["loss"]) - Number(before["loss"]));
  if (differences.length === 0 || !differences.every(Number.isFinite)) return undefined;
  return { ...bootstrapMean(differences), p: wilcoxon(differences)?.p ?? 1 };
}

/** Where there are two classes and both runs gave them probabilities. */
function rocTest(pairs: readonly RowPair[]): DeLong | undefined {
  const targets = pairs.map(({ before }) => String(before["target"]));
  const [first, second] = [
    scoresOf(
      targets,
      pairs.map(({ before }) => before),
    ),
    scoresOf(
      targets,
      pairs.map(({ after }) => after),
    ),
  ];
  if (first === undefined || first.positive !== second?.positive) return undefined;
  const isPositive = targets.map((target) => target === first.positive);
  return deLong(isPositive, first.scores, second.scores);
}

function scoresOf(targets: readonly string[], rows: readonly Row[]): ReturnType<typeof binaryScores> {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name.startsWith("p_"));
  const classes = names.map((name) => name.slice(2));
  const columns = names.map((name) => rows.map((row) => Number(row[name])));
  return binaryScores([...new Set([...targets, ...classes])], { classes, columns });
}

const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";

/** A line for each test. */
export function testLines({ correct, loss, rocAuc }: RowTests): string[] {
  const rows = [
    ...(correct === undefined
      ? []
      : [
          [
            "right in one run only",
            `${correct.onlyFirst} and ${correct.onlySecond} rows`,
            pWords(correct.p),
            "McNemar",
          ],
        ]),
    ...(loss === undefined
      ? []
      : [["loss of a row", intervalWords(loss), pWords(loss.p), "bootstrap, Wilcoxon"]]),
    ...(rocAuc === undefined
      ? []
      : [["ROC AUC", rocAuc.areas.map(number).join(" and "), pWords(rocAuc.p), "DeLong"]]),
  ];
  return rows.length === 0 ? [] : [table(["is it chance?", "", "", ""], rows)];
}

const intervalWords = ({ mean, low, high }: BootstrapMean): string =>
  columns([signed(mean), `95 % in ${signed(low)} … ${signed(high)}`]);

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${number(Math.abs(value))}`;

const pWords = (p: number): string => (p < 0.001 ? "p < 0.001" : `p ${p.toFixed(3)}`);
