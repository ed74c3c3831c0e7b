import type { Assignment } from "./assignment.ts";
import { cutPoints, rowShare } from "./hash-share.ts";
import type { Value } from "./values.ts";

/**
 * Parts rows by the hash of their keys: rows of one key stay together, and no row changes its side when others
 * come or go. Train is the lower part of the line, so a larger test share only moves rows from train to test.
 * The share is met in expectation, not exactly. testShare in (0, 1).
 */
export function splitByHash(
  keys: readonly (readonly Value[])[],
  { testShare, seed }: { testShare: number; seed: number | string },
): Assignment {
  const testBegins = wholeLine - (cutPoints([testShare])[0] ?? 0n);
  return keys.map((key) => (rowShare(seed, key) < testBegins ? "train" : "test"));
}

const wholeLine = 1n << 64n;
