import type { Assignment, Side } from "@jackfield/learning/assignment";
import { naiveErrors, type NaiveErrors } from "@jackfield/learning/forecast";
import { labelOf } from "@jackfield/learning/values";
import { isTime, type Columns } from "./assign.ts";

/** How well the value of one season before would have served in train; what a forecast is measured by. */
export interface NaiveForecast extends NaiveErrors {
  column: string;
  season: number;
}

/** Nothing unless some column tells the time of each row, and train ends before test begins. */
export function naiveForecast(
  columns: Columns,
  assignment: Assignment,
  season: number,
): NaiveForecast | undefined {
  const times = columns.described.filter((column) => isTime(column) && column.name !== columns.target);
  for (const { name } of times) {
    const series = seriesBeforeTest(columns, name, assignment);
    const errors = series && naiveErrors(series, season);
    if (errors) return { column: name, season, ...errors };
  }
  return undefined;
}

/** The target of train in the order of time. */
function seriesBeforeTest(
  { values, target }: Columns,
  column: string,
  assignment: Assignment,
): number[] | undefined {
  const [times, targets] = [values(column).map(labelOf), values(target)];
  const rowsOf = (side: Side): number[] => [...times.keys()].filter((row) => assignment[row] === side);
  const timeOf = (row: number): string => times[row] ?? "";
  const train = rowsOf("train").sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  const ordered = train.map(timeOf);
  const isSeries = ordered.every((time, place) => time !== "" && time !== ordered[place + 1]);
  const end = ordered.at(-1) ?? "";
  const isBefore = rowsOf("test").every((row) => timeOf(row) > end);
  return isSeries && isBefore ? train.map((row) => Number(targets[row])) : undefined;
}
