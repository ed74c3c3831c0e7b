import { Problem } from "@jackfield/problem/problem";
import { quantile } from "./quantile.ts";
import { compareLabels, labelOf, type Value } from "./values.ts";

/** How the rows of a slice are found: by value, by meteorological season of a date, by quartile of a number. */
export type SliceMethod = "value" | "season" | "quartile";

/** Rows that are judged apart. */
export interface Slice {
  value: string;
  rows: number[];
}

/** More values than this are no slices that anybody reads; the smaller ones are judged together as `other`. */
const valuesAtMost = 30;

/** December to February is winter: the meteorological seasons of the northern half. */
const seasons = ["winter", "spring", "summer", "autumn"] as const;

/**
 * Row indexes by slice, in a readable order; rows without a value stand under `none`.
 * @throws Problem E_INVALID when the column has no dates (season) or no numbers (quartile).
 */
export function sliceRows(column: string, values: readonly Value[], by: SliceMethod): Slice[] {
  if (by === "season") return grouped(seasonNames(column, values), (a, b) => seasonPlace(a) - seasonPlace(b));
  if (by === "quartile") return grouped(quartileNames(column, values), compareLabels);
  return withOther(
    grouped(
      values.map((value) => (value === null ? "none" : labelOf(value))),
      compareLabels,
    ),
  );
}

function grouped(names: readonly string[], order: (a: string, b: string) => number): Slice[] {
  const slices = new Map<string, number[]>();
  for (const [row, name] of names.entries()) {
    const rows = slices.get(name);
    if (rows) rows.push(row);
    else slices.set(name, [row]);
  }
  return [...slices].map(([value, rows]) => ({ value, rows })).sort((a, b) => order(a.value, b.value));
}

function withOther(slices: Slice[]): Slice[] {
  if (slices.length <= valuesAtMost) return slices;
  const bySize = [...slices].sort((a, b) => b.rows.length - a.rows.length);
  const kept = new Set(bySize.slice(0, valuesAtMost - 1));
  const rest = slices.filter((slice) => !kept.has(slice)).flatMap(({ rows }) => rows);
  return [...slices.filter((slice) => kept.has(slice)), { value: "other", rows: rest.sort((a, b) => a - b) }];
}

const seasonPlace = (name: string): number => {
  const place = seasons.findIndex((season) => season === name);
  return place < 0 ? seasons.length : place;
};

const seasonNames = (column: string, values: readonly Value[]): string[] =>
  values.map((value) => {
    if (value === null) return "none";
    const month = /^\d{4}-(\d{2})-\d{2}/.exec(labelOf(value))?.[1];
    const season = seasons[Math.floor((Number(month) % 12) / 3)];
    if (season === undefined) throw unfit(column, "season", "dates", value);
    return season;
  });

function quartileNames(column: string, values: readonly Value[]): string[] {
  const numbers = values.map((value) => {
    if (value === null) return Number.NaN;
    if (typeof value !== "number" && typeof value !== "bigint")
      throw unfit(column, "quartile", "numbers", value);
    return Number(value);
  });
  const known = numbers.filter((number) => !Number.isNaN(number));
  if (known.length === 0) return values.map(() => "none");
  const [first, second, third] = [quantile(known, 0.25), quantile(known, 0.5), quantile(known, 0.75)];
  return numbers.map((number) => {
    if (Number.isNaN(number)) return "none";
    if (number <= first) return `q1 ≤ ${shortNumber(first)}`;
    if (number <= second) return `q2 ≤ ${shortNumber(second)}`;
    return number <= third ? `q3 ≤ ${shortNumber(third)}` : `q4 > ${shortNumber(third)}`;
  });
}

const shortNumber = (number: number): string => String(Number(number.toPrecision(6)));

function unfit(column: string, by: SliceMethod, wanted: string, value: Value): Problem {
  return new Problem("E_INVALID", `${column} cannot be sliced by ${by}`, {
    why: `${by} is for ${wanted}, and one value is “${labelOf(value)}”`,
    next: "slice it by value, or choose another column",
  });
}
