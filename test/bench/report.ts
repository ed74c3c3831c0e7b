import type { Figure, Goal, Measured, Quantity } from "./figure.ts";

/** A figure as `--json` writes it. */
export interface ReportedFigure extends Quantity {
  id: string;
  against: number;
  /** null when it is compared with 0. */
  ratio: number | null;
  goal: string;
  met: boolean;
  comparedWith: string;
  beside: Record<string, Quantity>;
}

export interface Report {
  machine: Record<string, string | number>;
  figures: ReportedFigure[];
}

/** What was measured, judged by the goals of its figure. @throws RangeError for a goal about nothing that was measured */
export function judge({ id, goal }: Pick<Figure, "id" | "goal">, measured: Measured): ReportedFigure {
  const { value, unit, against, ratio, beside } = measured;
  return {
    id,
    value,
    unit,
    against: against.value,
    ratio: ratio ?? null,
    goal: goal.map((one) => printGoal(one, measured)).join(" and "),
    met: goal.every((one) => isMet(one, measured)),
    comparedWith: against.name,
    beside,
  };
}

function isMet({ of, limit, direction }: Goal, measured: Measured): boolean {
  const { value } = quantityOf(of, measured);
  return direction === "at least" ? value >= limit : value <= limit;
}

function quantityOf(of: string, measured: Measured): Quantity {
  if (of === "value") return measured;
  if (of === "ratio") return { value: measured.ratio ?? Number.NaN, unit: "×" };
  const found = measured.beside[of];
  if (found === undefined) throw new RangeError(`${of} was not measured, so it can have no goal`);
  return found;
}

function printGoal({ of, limit, direction }: Goal, measured: Measured): string {
  const { unit } = quantityOf(of, measured);
  const name = of === "value" || of === "ratio" ? "" : `${of} `;
  return `${name}${direction === "at least" ? "≥" : "≤"} ${limit} ${unit}`;
}

/** Three digits that count: 12.3k events/s, 0.946 ×. */
export function printQuantity({ value, unit }: Quantity): string {
  const big = Math.abs(value) >= 10_000;
  const scaled = big ? value / 1_000 : value;
  const digits = Number.isInteger(scaled) ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled))));
  return `${scaled.toFixed(Math.min(digits, 3))}${big ? "k" : ""} ${unit}`;
}

/** The report as people read it: one row a figure, what was measured beside it below. */
export function printReport({ machine, figures }: Report): string {
  const rows = figures.map((figure) => [
    figure.id,
    printQuantity(figure),
    printQuantity({ value: figure.against, unit: figure.unit }),
    figure.ratio === null ? "" : printQuantity({ value: figure.ratio, unit: "×" }),
    figure.goal,
    figure.met ? "met" : "MISSED",
  ]);
  const [head = "", ...lines] = aligned([["figure", "ours", "against", "ratio", "goal", ""], ...rows]);
  const bodies = figures.map((figure, index) => [lines[index] ?? "", ...besideLines(figure)].join("\n"));
  const about = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [`machine  ${about.join(" · ")}`, "", head, ...bodies, ""].join("\n");
}

const besideLines = ({ comparedWith, beside }: ReportedFigure): string[] => [
  `  against ${comparedWith}`,
  ...aligned(Object.entries(beside).map(([name, quantity]) => [`  ${name}`, printQuantity(quantity)])),
];

function aligned(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
