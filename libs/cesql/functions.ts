import type { EvaluationError } from "./errors.ts";
import { printValue, toBoolean, toInteger, type Value } from "./values.ts";

/** The value that goes with an error. */
export interface Failure {
  readonly kind: EvaluationError["kind"];
  readonly value: Value;
  readonly message: string;
}

type Outcome = Value | Failure;

/** A function of strings and, after them, integers (§3.5). */
export interface BuiltIn {
  /** So many strings at least; `more` may follow. */
  readonly texts: number;
  readonly more?: true;
  /** At least and at most so many integers. */
  readonly integers?: readonly [number, number];
  /** Of the type that it returns. */
  readonly zero: Value;
  readonly call: (texts: readonly string[], integers: readonly number[]) => Outcome;
}

/** A function of one value of any type; casts are explicit here. */
export interface Casting {
  readonly zero: Value;
  readonly call: (value: Value) => Outcome;
}

// A character is a code point, not half of a surrogate pair.
const characters = (text: string): string[] => Array.from(text);

const wrong = (value: Value, message: string): Failure => ({ kind: "functionEvaluation", value, message });

const ofText = (zero: Value, call: (text: string) => Outcome): BuiltIn => ({
  texts: 1,
  zero,
  call: ([text = ""]) => call(text),
});

export const builtIns: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ["LENGTH", ofText(0, (text) => characters(text).length)],
  ["LOWER", ofText("", (text) => text.toLowerCase())],
  ["UPPER", ofText("", (text) => text.toUpperCase())],
  ["TRIM", ofText("", trim)],
  ["CONCAT", { texts: 0, more: true, zero: "", call: (texts) => texts.join("") }],
  [
    "CONCAT_WS",
    { texts: 1, more: true, zero: "", call: ([delimiter = "", ...texts]) => texts.join(delimiter) },
  ],
  ["LEFT", { texts: 1, integers: [1, 1], zero: "", call: ([text = ""], [count = 0]) => left(text, count) }],
  ["RIGHT", { texts: 1, integers: [1, 1], zero: "", call: ([text = ""], [count = 0]) => right(text, count) }],
  [
    "SUBSTRING",
    {
      texts: 1,
      integers: [1, 2],
      zero: "",
      call: ([text = ""], [position = 0, length]) => substring(text, position, length),
    },
  ],
  ["ABS", { texts: 0, integers: [1, 1], zero: 0, call: (_, [integer = 0]) => absolute(integer) }],
]);

export const castings: ReadonlyMap<string, Casting> = new Map<string, Casting>([
  ["INT", { zero: 0, call: (value) => toInteger(value) ?? failedCast(0, value) }],
  ["BOOL", { zero: false, call: (value) => toBoolean(value) ?? failedCast(false, value) }],
  ["STRING", { zero: "", call: String }],
  ["IS_INT", { zero: false, call: (value) => toInteger(value) !== undefined }],
  ["IS_BOOL", { zero: false, call: (value) => toBoolean(value) !== undefined }],
]);

const failedCast = (zero: number | boolean, value: Value): Failure => ({
  kind: "cast",
  value: zero,
  message: `${printValue(value)} is no ${typeof zero === "number" ? "Integer" : "Boolean"}`,
});

// Unicode's White_Space, which is not quite what `trim` takes away; all of it is in the basic plane. One step at a time
// from each end: a pattern would try every run of blanks inside.
const whiteSpace = /^\p{White_Space}$/u;

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && whiteSpace.test(text.charAt(start))) start += 1;
  while (start < end && whiteSpace.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const left = (text: string, count: number): Outcome =>
  count < 0 ? wrong(text, `LEFT of ${count} characters`) : characters(text).slice(0, count).join("");

function right(text: string, count: number): Outcome {
  if (count < 0) return wrong(text, `RIGHT of ${count} characters`);
  const all = characters(text);
  return all.slice(Math.max(0, all.length - count)).join("");
}

/** Positions count from 1, negative ones from the end; at 0 there is nothing. */
function substring(text: string, position: number, length?: number): Outcome {
  const all = characters(text);
  if (Math.abs(position) > all.length)
    return wrong("", `SUBSTRING from ${position} of ${all.length} characters`);
  if (length !== undefined && length < 0) return wrong("", `SUBSTRING of ${length} characters`);
  if (position === 0) return "";
  const start = position > 0 ? position - 1 : all.length + position;
  return all.slice(start, length === undefined ? undefined : start + length).join("");
}

const absolute = (integer: number): Outcome =>
  integer === -2_147_483_648
    ? { kind: "math", value: 2_147_483_647, message: `ABS(${integer}) is no integer of 32 bits` }
    : Math.abs(integer);
