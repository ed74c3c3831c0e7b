import type { ReliabilityBin } from "@jackfield/learning/calibration";
import type { Measured, Family } from "@jackfield/learning/metric-names";
import type { Cell } from "@jackfield/tables/duck";
import type { TypedColumn } from "@jackfield/tables/settle-types";

/** What a target asks of a model, and how answers are judged: one of these for classes, one for amounts, one for an order. */
export interface Question {
  family: Family;
  /** The metric that one line for people names first. */
  headline: "accuracy" | "mae" | "ndcg";
  /** Measures all rows, or those of a slice. */
  measure: (rows?: readonly number[]) => Measured;
  /** What was said with which probability, and how often it came true. */
  reliability?: ReliabilityBin[] | undefined;
  /** What always giving the same answer would reach. */
  baseline: { metric: string; value: number; answers: string[] };
  /** The columns of the result set, and their values in the order of the truth. */
  results: readonly (TypedColumn & { values: readonly Cell[] })[];
}
