/** Deeper, wider or longer than anything that people or tools write; what reads it recurses, sorts and compares. */
const mostDepth = 64;
const mostKeys = 2_000;
const mostKeysInAll = 100_000;
const longestNumber = 400;

export interface Fault {
  why: string;
  at: number;
}

/** A name or a value may not hold these: no database keeps NUL in a text, and half a surrogate pair has no UTF-8. */
const unkeepable =
  /\\u(?:0000|d[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})/i;

/**
 * What JSON text says that two readers could understand differently, or that costs a reader more than it is worth: names
 * that are there twice, nesting, crowds, numbers out of range. Undefined when there is nothing, or it is no JSON at all.
 */
export function faultOf(text: string): Fault | undefined {
  // null: an array.
  const open: (Set<string> | null)[] = [];
  let keys = 0;
  let awaitsKey = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "{" || sign === "[") {
      open.push(sign === "{" ? new Set() : null);
      awaitsKey = sign === "{";
      if (open.length > mostDepth) return { why: `it is nested deeper than ${mostDepth}`, at };
    } else if (sign === "}" || sign === "]") open.pop();
    else if (sign === ",") awaitsKey = open.at(-1) instanceof Set;
    else if (sign === '"') {
      const end = endOfString(text, at);
      const raw = text.slice(at, end + 1);
      const fault = faultOfString(raw) ?? (awaitsKey ? faultOfKey(raw, open.at(-1), (keys += 1)) : undefined);
      if (fault !== undefined) return { why: fault, at };
      awaitsKey = false;
      at = end;
    } else if (sign === "-" || (sign !== undefined && sign >= "0" && sign <= "9")) {
      const end = endOfNumber(text, at);
      const fault = faultOfNumber(text.slice(at, end));
      if (fault !== undefined) return { why: fault, at };
      at = end - 1;
    }
  }
  return undefined;
}

function endOfString(text: string, begin: number): number {
  let end = text.indexOf('"', begin + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let strokes = 0;
  while (text[at - 1 - strokes] === "\\") strokes += 1;
  return strokes % 2 === 1;
}

const faultOfString = (raw: string): string | undefined =>
  raw.includes("\\u") && unkeepable.test(raw.replaceAll("\\\\", ""))
    ? "a text holds NUL, or half a surrogate pair"
    : undefined;

function faultOfKey(raw: string, names: Set<string> | null | undefined, keys: number): string | undefined {
  const name = raw.includes("\\") ? plain(raw) : raw;
  if (names?.has(name) === true) return `${name.slice(0, 80)} is there twice`;
  names?.add(name);
  if ((names?.size ?? 0) > mostKeys) return `an object has more than ${mostKeys} names`;
  return keys > mostKeysInAll ? `it has more than ${mostKeysInAll} names` : undefined;
}

/** Two ways to write a name are one name. */
function plain(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw));
  } catch {
    return raw;
  }
}

function endOfNumber(text: string, begin: number): number {
  let end = begin;
  while (end - begin <= longestNumber && /[-+.0-9eE]/.test(text[end] ?? "")) end += 1;
  return end;
}

function faultOfNumber(digits: string): string | undefined {
  if (digits.length > longestNumber) return `a number has more than ${longestNumber} digits`;
  return Number.isNaN(Number(digits)) || Number.isFinite(Number(digits))
    ? undefined
    : "a number is too large";
}
