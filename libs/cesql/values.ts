/** String, Integer (32 bits, signed) and Boolean: the primitive types of CESQL 1.0.0 §3.1. */
export type Value = string | number | boolean;

const least = -2_147_483_648;
const most = 2_147_483_647;

/** False for fractions, NaN and infinities too. */
export const isInteger = (value: number): boolean =>
  value >= least && value <= most && Number.isInteger(value);

// The casts of §3.7. Only a string can fail to be cast; undefined says so.

export function toInteger(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
  // `| 0` because the text -0 is the integer 0.
  return isInteger(number) ? number | 0 : undefined;
}

export function toBoolean(value: Value): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  const word = value.toLowerCase();
  if (word === "true") return true;
  return word === "false" ? false : undefined;
}

/** To the type that the other value has. */
export function toTypeOf(other: Value, value: Value): Value | undefined {
  if (typeof other === "string") return String(value);
  return typeof other === "number" ? toInteger(value) : toBoolean(value);
}

/** As people wrote it: strings in quotes. */
export const printValue = (value: Value): string =>
  typeof value === "string" ? `"${value}"` : String(value);
