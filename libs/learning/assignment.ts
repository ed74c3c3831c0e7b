import { Problem } from "@jackfield/problem/problem";

/** Where a row goes. `left`: no rule spoke of it. */
export type Side = "train" | "test" | "left";

/** Row index → side; the rows themselves are never copied. */
export type Assignment = readonly Side[];

export const countOf = (assignment: Assignment, side: Side): number =>
  assignment.reduce((count, each) => (each === side ? count + 1 : count), 0);

/**
 * Rows to test of `rows`, for a share in (0, 1).
 * @see scikit-learn train_test_split: ceil(share · n).
 */
export const testCount = (rows: number, share: number): number => Math.ceil(share * rows);

/** @throws Problem E_SPLIT_EMPTY when a side has no row: nothing could be learned, or nothing judged. */
export function requireBothSides(assignment: Assignment, rule: string): void {
  for (const side of ["train", "test"] as const) {
    if (assignment.includes(side)) continue;
    throw new Problem("E_SPLIT_EMPTY", `no row goes to ${side}`, {
      why: `${rule} puts ${sides(assignment)} of ${assignment.length} rows`,
      next: "change `split:` so that both parts have rows; `jackfield show --resolved` prints the rule in full",
    });
  }
}

const sides = (assignment: Assignment): string =>
  (["train", "test", "left"] as const)
    .map((side) => `${countOf(assignment, side)} to ${side === "left" ? "neither" : side}`)
    .join(", ");
