import { hash } from "node:crypto";
import { canonicalKey } from "./canonical-key.ts";
import type { Value } from "./values.ts";

const whole = 1n << 64n;

/**
 * Where a key stands on the line 0 … 2⁶⁴: the first eight bytes of SHA-256(seed, 0x1f, canonical key), big endian.
 * The same key stands in the same place whatever the other rows, their order or their number.
 */
export function rowShare(seed: number | string, key: readonly Value[]): bigint {
  const bytes = Buffer.concat([Buffer.from(`${seed}\u001f`), canonicalKey(key)]);
  return hash("sha256", bytes, "buffer").readBigUInt64BE(0);
}

/**
 * Shares (0 … 1, in a fixed order) → the exclusive upper end of each on that line: floor(cumulated share · 2⁶⁴),
 * computed on the decimals as written, so that 0.7 + 0.3 is exactly the whole.
 */
export function cutPoints(shares: readonly number[]): bigint[] {
  let [above, below] = [0n, 1n];
  return shares.map((share) => {
    const { numerator, denominator } = fraction(share);
    above = above * denominator + numerator * below;
    below *= denominator;
    return (above * whole) / below;
  });
}

function fraction(share: number): { numerator: bigint; denominator: bigint } {
  const [mantissa = "0", exponent = "0"] = JSON.stringify(share).split("e");
  const [integer = "0", decimals = ""] = mantissa.split(".");
  const power = Number(exponent) - decimals.length;
  const digits = BigInt(integer + decimals);
  return power >= 0
    ? { numerator: digits * 10n ** BigInt(power), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-power) };
}
