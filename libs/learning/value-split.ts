import { Problem } from "@jackfield/problem/problem";
import { testCount, type Assignment, type Side } from "./assignment.ts";
import { asNumber, at, labelOf, type Value } from "./values.ts";

/** `a..b` with both ends inside (either may be open), one value, or a list of values. */
export type ValueRange = string | readonly (string | number)[];

/** What each side takes; train is the rest where it is not said. */
export interface SideRanges {
  test: ValueRange;
  train?: ValueRange | undefined;
}

/**
 * Parts rows by the values of one column. A row without a value, or one that neither range names, is left out.
 * A date bound covers all it names: `..2014` holds 2014-12-31T23:00.
 * @throws Problem E_LEAK when both ranges hold a row, E_INVALID when a bound does not fit the column.
 */
export function splitByValue(column: string, values: readonly Value[], ranges: SideRanges): Assignment {
  const kind = { column, holds: contentOf(values) };
  const inTest = membership(ranges.test, kind);
  const inTrain = ranges.train === undefined ? undefined : membership(ranges.train, kind);
  const both = inTrain && values.find((value) => value !== null && inTest(value) && inTrain(value));
  if (both !== undefined && both !== null) throw overlap(column, both);
  return values.map((value): Side => {
    if (value === null) return "left";
    if (inTest(value)) return "test";
    return inTrain === undefined || inTrain(value) ? "train" : "left";
  });
}

/**
 * The last ceil(testShare · rows) rows in the order of a column test, those before them train; equal values stay
 * together on the test side, so no moment is on both sides. A row without a value is left out.
 */
export function splitByOrder(values: readonly Value[], testShare: number): Assignment {
  const ordered = values.filter((value) => value !== null).sort(compareValues);
  const first = ordered[ordered.length - testCount(ordered.length, testShare)];
  return values.map((value): Side => {
    if (value === null || first === undefined) return "left";
    return compareValues(value, first) < 0 ? "train" : "test";
  });
}

interface ColumnKind {
  column: string;
  holds: "numbers" | "dates" | "text";
}

type Membership = (value: Exclude<Value, null>) => boolean;

function contentOf(values: readonly Value[]): ColumnKind["holds"] {
  const present = values.filter((value) => value !== null);
  if (present.every((value) => typeof value === "number" || typeof value === "bigint")) return "numbers";
  return present.every((value) => typeof value === "string" && isIsoDate(value)) ? "dates" : "text";
}

function membership(range: ValueRange, kind: ColumnKind): Membership {
  const items = typeof range === "string" ? [range] : range;
  const tests = items.map((item) => itemTest(String(item), kind));
  return (value) => tests.some((test) => test(value));
}

function itemTest(item: string, kind: ColumnKind): Membership {
  const dots = item.indexOf("..");
  const numeric = kind.holds === "numbers";
  if (dots < 0) return numeric ? sameNumber(item) : (value) => labelOf(value) === item;
  const ends = [item.slice(0, dots).trim(), item.slice(dots + 2).trim()] as const;
  const said = ends.filter((end) => end !== "");
  if (said.length === 0) throw unusable(item, kind, "it has no end");
  const fits = numeric ? (end: string) => asNumber(end) !== undefined : isIsoDate;
  const misfit = kind.holds === "text" ? undefined : said.find((end) => !fits(end));
  if (misfit !== undefined)
    throw unusable(item, kind, `the column holds ${kind.holds}, and ${misfit} is none`);
  return numeric ? numberRange(ends) : textRange(ends);
}

function sameNumber(item: string): Membership {
  const wanted = asNumber(item);
  return (value) => wanted !== undefined && Number(value) === wanted;
}

type Ends = readonly [low: string, high: string];

function numberRange([low, high]: Ends): Membership {
  const [least, most] = [asNumber(low) ?? -Infinity, asNumber(high) ?? Infinity];
  return (value) => Number(value) >= least && Number(value) <= most;
}

/** ISO dates sort as text; cutting a value to the length of its bound makes a bound cover all it names. */
function textRange([low, high]: Ends): Membership {
  return (value) => {
    const text = isoText(labelOf(value));
    const upper = isIsoDate(high) ? text.slice(0, high.length) : text;
    return (low === "" || text >= isoText(low)) && (high === "" || upper <= isoText(high));
  };
}

const isIsoDate = (text: string): boolean => /^\d{4}(-\d{2}){0,2}([T ][\d:.]+Z?)?$/.test(text);
const isoText = (text: string): string => text.replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, "$1T");

function compareValues(a: Value, b: Value): number {
  if (typeof a !== "string" && typeof b !== "string") return Number(a) - Number(b);
  const [left, right] = [isoText(labelOf(a)), isoText(labelOf(b))];
  return left < right ? -1 : left > right ? 1 : 0;
}

const overlap = (column: string, value: Value): Problem =>
  new Problem("E_LEAK", "a row would be on both sides of the split", {
    why: `${column} ${labelOf(value)} is in the range of train and in that of test`,
    next: "let the ranges end before the other begins: both ends of `a..b` are inside",
  });

const unusable = (item: string, { column }: ColumnKind, why: string): Problem =>
  new Problem("E_INVALID", `“${item}” is no range for ${column}`, {
    why,
    next: "write a..b, a.. or ..b; a single value or a list of values works too",
  });

/** First and last value of some rows, in the order that a split by order uses. */
export function extent(values: readonly Value[]): [string, string] | undefined {
  const ordered = values.filter((value) => value !== null).sort(compareValues);
  return ordered.length === 0
    ? undefined
    : [labelOf(at(ordered, 0)), labelOf(at(ordered, ordered.length - 1))];
}
