import { at } from "./values.ts";

/**
 * The value below which a share of the numbers lies, by linear interpolation at position (n − 1) · share.
 * @see numpy.quantile "linear"; type 7 of Hyndman and Fan 1996.
 */
export function quantile(numbers: readonly number[], share: number): number {
  const ordered = Float64Array.from(numbers).sort();
  const position = (ordered.length - 1) * share;
  const [low, high] = [at(ordered, Math.floor(position)), at(ordered, Math.ceil(position))];
  return low + (high - low) * (position - Math.floor(position));
}
