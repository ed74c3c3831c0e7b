/** One cell of a table. Dates and times are ISO 8601 text, so that they sort and compare as text. */
export type Value = string | number | bigint | boolean | null;

/** A row by column name. */
export type Row = Readonly<Record<string, Value>>;

/** The element at a position that the caller knows to exist. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`no element ${index} in a list of ${list.length}`);
  return element;
}

/** A cell as the text that names it in reports: classes, slices, lists of values in a split rule. */
export const labelOf = (value: Value): string => (value === null ? "" : String(value));

/** Order of labels: numbers by size, everything else by code unit, as `numpy.unique` sorts classes. */
export function compareLabels(a: string, b: string): number {
  const [left, right] = [asNumber(a), asNumber(b)];
  if (left !== undefined && right !== undefined && left !== right) return left - right;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Text → the number it says, or nothing where it says none. */
export function asNumber(text: string): number | undefined {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
