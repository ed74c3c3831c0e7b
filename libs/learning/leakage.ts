import { Problem } from "@jackfield/problem/problem";
import { countOf, type Assignment } from "./assignment.ts";
import { at, labelOf, type Value } from "./values.ts";
import { extent } from "./value-split.ts";

/** What is known of the rows beside where they go: lists of equal length, in row order. */
export interface PartedRows {
  assignment: Assignment;
  rowIds: readonly string[];
  /** What each row is, its id left out: equal content, equal text. */
  contents: readonly string[];
  classes?: readonly Value[] | undefined;
  time?: { column: string; values: readonly Value[] } | undefined;
}

/** How far train and test are apart. */
export interface LeakageReport {
  rows: { train: number; test: number; left: number };
  /** Test rows whose content stands in train too. */
  twins: number;
  classes?: Record<string, { train: number; test: number }>;
  time?: { column: string; train: string[]; test: string[] };
}

/**
 * Counts rows a side and class, equal contents on both sides, and the span of time of each side.
 * @throws Problem E_LEAK when a row id is on both sides, naming the first three.
 */
export function leakageReport(rows: PartedRows): LeakageReport {
  const { assignment, classes, time } = rows;
  const shared = onBothSides(assignment, rows.rowIds);
  if (shared.length > 0) throw leak(shared);
  const twins = onBothSides(assignment, rows.contents).length;
  return {
    rows: {
      train: countOf(assignment, "train"),
      test: countOf(assignment, "test"),
      left: countOf(assignment, "left"),
    },
    twins,
    ...(classes && { classes: classCounts(assignment, classes) }),
    ...(time && { time: timeSpans(assignment, time) }),
  };
}

function onBothSides(assignment: Assignment, names: readonly string[]): string[] {
  const trained = new Set(names.filter((_, row) => assignment[row] === "train"));
  return names.filter((name, row) => assignment[row] === "test" && trained.has(name));
}

function classCounts(
  assignment: Assignment,
  classes: readonly Value[],
): Record<string, { train: number; test: number }> {
  const counts = new Map<string, { train: number; test: number }>();
  for (const [row, value] of classes.entries()) {
    const side = at(assignment, row);
    if (side === "left") continue;
    const count = counts.get(labelOf(value)) ?? { train: 0, test: 0 };
    count[side] += 1;
    counts.set(labelOf(value), count);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function timeSpans(
  assignment: Assignment,
  { column, values }: { column: string; values: readonly Value[] },
): { column: string; train: string[]; test: string[] } {
  const span = (side: "train" | "test"): string[] =>
    extent(values.filter((_, row) => assignment[row] === side)) ?? [];
  return { column, train: span("train"), test: span("test") };
}

const leak = (shared: readonly string[]): Problem =>
  new Problem("E_LEAK", `${shared.length} rows are in train and in test`, {
    why: `row ${shared.slice(0, 3).join(", row ")} stand${shared.length === 1 ? "s" : ""} on both sides`,
    next: "declare a `key:` under `fetch:` that names each row once, or drop the doubled rows with `where:`",
  });
