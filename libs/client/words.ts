import { inOneLine } from "./printable.ts";

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A share as a bar: to the eighth of a character, or in whole characters when the rest is drawn too. */
export function bar(share: number, width: number, rest?: string): string {
  const part = Math.min(1, Math.max(0, share)) * width;
  if (rest !== undefined) return "▓".repeat(Math.round(part)) + rest.repeat(width - Math.round(part));
  const whole = Math.floor(part);
  return "█".repeat(whole) + (eighths[Math.floor((part - whole) * 8)] ?? "");
}

/** What was said, three blanks between. */
export const columns = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== "").join("   ");

/** A duration as people read it. */
export function seconds(value: number): string {
  if (value < 100) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  return value < 6_000 ? `${Math.round(value / 60)} min` : `${(value / 3_600).toFixed(1)} h`;
}

/** A metric: three decimals, fewer for large numbers. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toPrecision(2);
  return Number.isInteger(value) ? String(value) : value.toFixed(size >= 1_000 ? 0 : size >= 100 ? 1 : 3);
}

const named: Readonly<Record<string, string>> = {
  macroF1: "macro F1",
  microF1: "micro F1",
  weightedF1: "weighted F1",
  rocAuc: "ROC AUC",
  mcc: "MCC",
  r2: "R²",
  rmse: "RMSE",
  mae: "MAE",
  mse: "MSE",
  mape: "MAPE",
  smape: "sMAPE",
  wape: "WAPE",
  mase: "MASE",
  rmsse: "RMSSE",
  ece: "ECE",
  ndcg: "NDCG",
  ndcgAt5: "NDCG at 5",
  ndcgAt10: "NDCG at 10",
};

/** `balancedAccuracy` → `balanced accuracy`. */
export const metricWords = (metric: string): string =>
  named[metric] ?? metric.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const telling = ["accuracy", "macroF1", "balancedAccuracy", "logLoss", "rmse", "mae", "r2"];

/** The two metrics that say most, in a few words. */
export const metricsInShort = (metrics: Readonly<Record<string, number>>): string =>
  [...telling, ...Object.keys(metrics)]
    .filter((metric, place, all) => metrics[metric] !== undefined && all.indexOf(metric) === place)
    .slice(0, 2)
    .map((metric) => `${metricWords(metric)} ${number(metrics[metric] ?? 0)}`)
    .join("  ");

/** Enough of a digest to tell it from others. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, "").slice(0, 8);

export const many = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;

/** Rows as columns under a head, left-aligned; a cell stays in its row whatever it holds. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(inOneLine));
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)].join("\n");
}

/** An instant as time of day here, with its date when that is not today. */
export function clock(instant: string, now = new Date()): string {
  const date = new Date(instant);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  if (date.toDateString() === now.toDateString()) return time;
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
}

/** `30m`, `90s`, `2h` → milliseconds, or undefined for another text. */
export function duration(text: string): number | undefined {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  return amount === undefined ? undefined : Number(amount) * (units[unit] ?? 1_000);
}

/** `command@1`; what nobody could take was given to nobody, and a foreach the conductor answers itself. */
export function handlerWords(handler: string | undefined, version: string | undefined): string {
  if (handler !== undefined && handler !== "") return `${handler}@${version ?? "?"}`;
  return version === undefined || version === "none" ? "nobody" : "conductor";
}
