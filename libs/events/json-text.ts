import { isInteger, parse as parseLossless, stringify } from "lossless-json";

/** A number that long may not fit a double; anything shorter is read exactly by JSON.parse. */
const longNumber = /\d{16}/;

/** JSON nested deeper than this is refused, since a reader that recurses would overflow. */
const maxDepth = 500;

/**
 * JSON text → value, as JSON.parse gives it, but an integer whose digits a double would lose becomes a bigint.
 * @throws SyntaxError when the text is no JSON.
 */
export const parseJson = (text: string): unknown =>
  longNumber.test(text)
    ? parseLossless(text, undefined, { parseNumber: exactNumber, onDuplicateKey: ({ newValue }) => newValue })
    : // The type of JSON.parse is `any`; nothing is assumed of it here.
      (JSON.parse(text) as unknown);

function exactNumber(digits: string): number | bigint {
  const number = Number(digits);
  return isInteger(digits) && JSON.stringify(number) !== digits ? BigInt(digits) : number;
}

/** Value → JSON text; a bigint is written with all its digits. */
export function printJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    const text = error instanceof TypeError ? stringify(value) : undefined;
    if (text === undefined) throw error;
    return text;
  }
}

/**
 * The one text of a value: as RFC 8785, with bigints in full, so that key order and white space do not matter.
 * @throws TypeError for what JSON cannot say (NaN, a function) and for nesting deeper than 500.
 */
export function sortedJson(value: unknown, depth = 0): string {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return JSON.stringify(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (!isObject(value)) throw new TypeError(`${printed(value)} has no JSON form`);
  if (depth >= maxDepth) throw new TypeError(`JSON is nested deeper than ${maxDepth}`);
  if (Array.isArray(value)) return `[${value.map((item) => sortedJson(item ?? null, depth + 1)).join(",")}]`;
  return sortedObject(value, depth);
}

/** Does this JSON value nest deeper than `sortedJson` follows? */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (!isObject(value)) return false;
  if (depth >= maxDepth) return true;
  for (const name in value) if (isTooDeep(value[name], depth + 1)) return true;
  return false;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const printed = (value: unknown): string =>
  typeof value === "number" ? value.toString() : `A ${typeof value}`;

function sortedObject(value: Record<string, unknown>, depth: number): string {
  // What writes itself (a Date) is written by JSON.stringify; what it says is then sorted.
  if ("toJSON" in value && typeof value.toJSON === "function")
    return sortedJson(JSON.parse(JSON.stringify(value)), depth + 1);
  let text = "";
  for (const name of Object.keys(value).sort()) {
    const field = value[name];
    if (field === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${sortedJson(field, depth + 1)}`;
  }
  return `{${text}}`;
}
