import { expect, test } from "vitest";
import { evaluateCesql, readAttribute } from "./compile.ts";
import { parseCesql } from "./parse.ts";
import { compilePredicate } from "./predicate.ts";

test.each([
  ["", 0],
  ["   ", 3],
  ["a =", 3],
  ["a = = b", 4],
  ["a b", 2],
  ["(a", 2],
  ["a)", 1],
  ["a & b", 2],
  ["'abc", 0],
  [String.raw`a = 'b\'`, 4],
  ["2147483648", 0],
  ["-2147483649", 0],
  ["EXISTS 'a'", 7],
  ["EXISTS (a)", 7],
  ["a LIKE b", 7],
  ["a IN ()", 6],
  ["a IN 1", 5],
  ["a NOT = b", 2],
  ["a_b = 1", 0],
  ["LOG2(1)", 0],
  ["LOWER(a,)", 8],
  ["not", 3],
  ["and AND true", 0],
  ["1.5", 1],
])("%s is refused at character %i", (text, position) => {
  expect(() => parseCesql(text)).toThrow(expect.objectContaining({ kind: "parse", position }));
});

test("an expression that nests too deeply is refused, not a crash", () => {
  for (const deep of ["(".repeat(9_999), "NOT ".repeat(9_999), "-".repeat(9_999), "1 + ".repeat(9_999)])
    expect(() => parseCesql(`${deep}1`)).toThrow("operators enclose this");
  expect(evaluateCesql(parseCesql(`${"1 + ".repeat(450)}1`), {}).value).toBe(451);
});

const predicate = (text: string) => compilePredicate(text, readAttribute);

test("a predicate holds for true without an error, and for nothing else", () => {
  expect(predicate("hop > 4")({ hop: "5" })).toBe(true);
  expect(predicate("hop")({ hop: "true" })).toBe(false);
  expect(predicate("missing = 1 OR true")({ hop: "5" })).toBe(false);
});

test.each([
  ["a OR b AND c", 7, "OR beside AND needs parentheses"],
  ["a OR (b AND c XOR d)", 14, "AND beside XOR needs parentheses"],
  ["a AND NOPE(b)", 6, "There is no function NOPE of 1 operand"],
  ["a IN (1, LOWER())", 9, "There is no function LOWER of 0 operands"],
])("%s is refused as a predicate", (text, position, message) => {
  expect(() => predicate(text)).toThrow(expect.objectContaining({ position, message }));
});

test("parentheses say what goes together", () => {
  expect(predicate("a OR (b AND c)")({ a: true, b: false, c: false })).toBe(true);
  expect(predicate("(a OR b) AND c")({ a: true, b: false, c: false })).toBe(false);
});
