/** 1 − erf: by its series near 0, by its continued fraction (Lentz) in the tail; exact to about 14 digits. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < 2 ? 1 - series(x) : tail(x);
}

/** erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n + 1)!! (Abramowitz and Stegun 7.1.6). */
function series(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; term > total * Number.EPSILON; n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** erfc x = e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + …)))), summed from behind (7.1.14). */
function tail(x: number): number {
  let below = x;
  for (let n = 120; n >= 1; n -= 1) below = x + n / 2 / below;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
}

/** Probability that a standard normal number lies as far from 0 as z, on either side. */
export const twoSidedNormal = (z: number): number => erfc(Math.abs(z) / Math.SQRT2);

/** Probability that χ² with one degree of freedom is at least this. */
export const chiSquareTail = (statistic: number): number => erfc(Math.sqrt(statistic / 2));

/** Probability that of n throws of a fair coin the rarer side comes up at most `rarer` times, on either side. */
export function twoSidedCoin(rarer: number, n: number): number {
  let [term, total] = [1, 1];
  for (let heads = 1; heads <= rarer; heads += 1) {
    term *= (n - heads + 1) / heads;
    total += term;
  }
  return Math.min(1, (2 * total) / 2 ** n);
}
