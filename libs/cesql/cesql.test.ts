import { describe, expect, test } from "vitest";
import { compileCesql, evaluateCesql } from "./compile.ts";
import { parseCesql } from "./parse.ts";
import type { Value } from "./values.ts";

// One table for each section of CloudEvents SQL 1.0.0; an error stands after the value that goes with it.
const attributes = {
  specversion: "1.0",
  id: "42",
  source: "/ci/github",
  type: "com.example.build.done",
  subject: "weather",
  hop: "5",
  ttl: 10,
  dry: false,
  share: 0.5,
  data: { hop: 1 },
};

type Row = [expression: string, value: Value, ...errors: string[]];

const holds = (name: string, rows: Row[]): unknown =>
  describe(name, () => {
    test.each(rows.map(([expression, value, ...errors]) => ({ expression, value, errors })))(
      "$expression → $value $errors",
      ({ expression, value, errors }) => {
        const found = compileCesql(expression)(attributes);
        expect({ ...found, errors: found.errors.map(({ kind }) => kind) }).toEqual({ value, errors });
      },
    );
  });

holds("literals (§2.2)", [
  ["TRUE", true],
  ["False", false],
  ["7", 7],
  ["+7", 7],
  ["007", 7],
  ["-0", 0],
  ["2147483647", 2147483647],
  ["-2147483648", -2147483648],
  ["''", ""],
  [`'it\\'s "so"'`, `it's "so"`],
  [`"it's \\"so\\""`, `it's "so"`],
  ["'it''s'", "it's"],
  [String.raw`'a\b\\'`, String.raw`a\b\\`],
  ["'TRUE'", "TRUE"],
]);

holds("attributes (§3.2)", [
  ["type", "com.example.build.done"],
  ["SOURCE", "/ci/github"],
  ["ttl", 10],
  ["dry", false],
  ["share", "0.5"],
  ["missing", false, "missingAttribute"],
  ["constructor", false, "missingAttribute"],
  ["data", false, "missingAttribute"],
  ["1 / missing", 0, "missingAttribute"],
  ["missing * 5", 0, "missingAttribute"],
  ["true AND missing = ''", false, "missingAttribute"],
  ["(missing = 2) OR true", true, "missingAttribute"],
  ["missing + absent", 0, "missingAttribute", "missingAttribute"],
]);

holds("arithmetic (§3.4)", [
  ["4 * 2 + 4 / 2", 10],
  ["4 * (2 + 4) / 2", 12],
  ["7 - 2 - 1", 4],
  ["5 / 3", 1],
  ["-5 / 3", -1],
  ["-5 % 3", -2],
  ["5 % -3", 2],
  ["0 * -1", 0],
  ["4 -1", 3],
  ["--10", 10],
  ["-'10'", -10],
  ["-TRUE", -1],
  ["-missing", 0, "missingAttribute"],
  ["hop + ttl", 15],
  ["'5' + TRUE", 6],
  ["5 / 0", 0, "math"],
  ["5 % 0", 0, "math"],
  ["2147483647 + 1", 0, "math"],
  ["65536 * 65536", 0, "math"],
  ["-2147483648 / -1", 0, "math"],
  ["-(-2147483648)", 0, "math"],
  ["'5x' + 10", 0, "cast"],
]);

holds("comparison (§3.4)", [
  ["1 = 1", true],
  ["1 <> 2", true],
  ["'a' != 'a'", false],
  ["'a' = 'A'", false],
  ["2 <= 2", true],
  ["'10' > '9'", true],
  ["hop < ttl", true],
  ["hop >= 6", false],
  ["true > false", true],
  ["'abc' < 5", false, "cast"],
  ["missing <= 2", false, "missingAttribute"],
  ["missing != 2", false, "missingAttribute"],
]);

holds("logic, short where it can be (§3.4)", [
  ["TRUE AND FALSE", false],
  ["FALSE OR TRUE", true],
  ["TRUE XOR TRUE", false],
  ["TRUE XOR FALSE", true],
  ["FALSE AND 1 = 1 / 0", false],
  ["TRUE AND 1 = 1 / 0", false, "math"],
  ["TRUE OR 1 = 1 / 0", true],
  ["FALSE OR 1 = 1 / 0", false, "math"],
  ["FALSE XOR 1 = 1 / 0", false, "math"],
  ["missing OR TRUE", false, "missingAttribute"],
  ["NOT FALSE", true],
  ["NOT 'true'", false],
  ["NOT 10", false],
  ["NOT missing", false, "missingAttribute"],
  ["NOT 'maybe'", false, "cast"],
  ["'maybe' OR TRUE", false, "cast"],
]);

holds("LIKE (§3.4.3)", [
  ["'abc' LIKE 'abc'", true],
  ["'abc' LIKE 'ab'", false],
  ["'abc' NOT LIKE 'abc'", false],
  ["'aXbYc' LIKE 'a%b%c'", true],
  ["'abc' LIKE 'a%b%c'", true],
  ["'acb' LIKE 'a%b%c'", false],
  ["'abab' LIKE '%ab'", true],
  ["'aab' LIKE '%a_'", true],
  ["'' LIKE '%'", true],
  ["'' LIKE '_'", false],
  ["'💡' LIKE '_'", true],
  [String.raw`'a%c' LIKE 'a\%c'`, true],
  [String.raw`'abc' LIKE 'a\%c'`, false],
  [String.raw`'a_c' LIKE 'a\_c'`, true],
  [String.raw`'ab\c' LIKE 'ab\c'`, true],
  [String.raw`'a.c' LIKE 'a.c'`, true],
  ["'abc' LIKE 'a.c'", false],
  ["'a\nb' LIKE 'a%b'", true],
  ["'Abc' LIKE 'abc'", false],
  ["234 LIKE '23_'", true],
  ["TRUE LIKE 'tr%'", true],
  ["missing LIKE '%'", false, "missingAttribute"],
  ["missing NOT LIKE '%'", false, "missingAttribute"],
]);

holds("EXISTS and IN (§3.4.4, §3.4.5)", [
  ["EXISTS subject", true],
  ["exists SOURCE", true],
  ["EXISTS missing", false],
  ["EXISTS data", false],
  ["NOT EXISTS missing", true],
  ["2 IN (1, 2)", true],
  ["2 NOT IN (1, 2)", false],
  ["'a' IN ('A')", false],
  ["subject IN ('wind', subject)", true],
  ["1 IN ('1')", true],
  ["'1' IN (1)", true],
  ["'TRUE' IN (TRUE)", false],
  ["TRUE IN ('True')", true],
  ["2 IN ('x', 2)", true, "cast"],
  ["2 IN (2, 'x')", true],
  ["missing IN (1)", false, "missingAttribute"],
  ["missing NOT IN (1)", false, "missingAttribute"],
  ["1 IN (missing)", false, "missingAttribute"],
]);

holds("functions of strings (§3.5.1)", [
  ["LENGTH('abc')", 3],
  ["LENGTH(TRUE)", 4],
  ["LENGTH('💡')", 1],
  ["CONCAT()", ""],
  ["concat('a', 1, true)", "a1true"],
  ["CONCAT_WS(', ')", ""],
  ["CONCAT_WS(', ', 'a', 'b')", "a, b"],
  ["LOWER('aBc')", "abc"],
  ["UPPER('aBc')", "ABC"],
  ["TRIM('\u0085\u2003 a b\t ')", "a b"],
  ["TRIM('\ufeffa')", "\ufeffa"],
  ["LEFT('abc', 2)", "ab"],
  ["LEFT('abc', 9)", "abc"],
  ["LEFT('💡a', 1)", "💡"],
  ["LEFT('abc', -2)", "abc", "functionEvaluation"],
  ["RIGHT('abc', 2)", "bc"],
  ["RIGHT('abc', 0)", ""],
  ["RIGHT('abc', 9)", "abc"],
  ["RIGHT('abc', -2)", "abc", "functionEvaluation"],
  ["SUBSTRING('abcdef', 2)", "bcdef"],
  ["SUBSTRING('abcdef', 2, 3)", "bcd"],
  ["SUBSTRING('abcdef', 5, 9)", "ef"],
  ["SUBSTRING('abcdef', -3)", "def"],
  ["SUBSTRING('abcdef', -3, 2)", "de"],
  ["SUBSTRING('abcdef', 0)", ""],
  ["SUBSTRING('abcdef', 7)", "", "functionEvaluation"],
  ["SUBSTRING('abcdef', -7)", "", "functionEvaluation"],
  ["SUBSTRING('abcdef', 1, -1)", "", "functionEvaluation"],
  ["SUBSTRING('abcdef', 'x')", "", "cast"],
  ["CONCAT(missing, absent)", "", "missingAttribute", "missingAttribute"],
]);

holds("other functions and casts (§3.5.2, §3.7)", [
  ["ABS(-10)", 10],
  ["ABS(-2147483648)", 2147483647, "math"],
  ["INT('-007')", -7],
  ["INT('+1')", 1],
  ["INT(TRUE)", 1],
  ["INT(' 1')", 0, "cast"],
  ["INT('2147483648')", 0, "cast"],
  ["INT(missing)", 0, "missingAttribute"],
  ["BOOL('TrUe')", true],
  ["BOOL(-50)", true],
  ["BOOL('yes')", false, "cast"],
  ["STRING(-1)", "-1"],
  ["STRING(TRUE)", "true"],
  ["IS_INT('12')", true],
  ["IS_INT('1.5')", false],
  ["IS_BOOL('false')", true],
  ["IS_BOOL('no')", false],
  ["NOPE(1)", false, "missingFunction"],
  ["CONCAT_WS()", false, "missingFunction"],
  ["LENGTH('a', 'b')", false, "missingFunction"],
  ["TRUE = 'true' AND FALSE = 'false'", true],
  ["TRUE = 'TRUE'", false],
  ["'TRUE' = TRUE", true],
  ["hop = 5", true],
  ["'x' = 5", false, "cast"],
]);

holds("precedence (§3.6)", [
  ["NOT dry = true", true],
  ["-1 + 3", 2],
  ["1 + 2 * 3 = 7 AND 2 < 3", true],
  ["FALSE = 'a' LIKE 'b'", true],
  ["2 + 1 IN (1)", 3],
  ["TRUE OR TRUE AND FALSE", false],
  ["LENGTH('a') + 1", 2],
]);

test("an error says which place of the text it is about", () => {
  const { errors } = evaluateCesql(parseCesql("ttl > 1 AND (1 / 0 = hop OR missing)"), attributes);
  expect(errors).toEqual([
    { kind: "math", position: 15, message: "1 / 0 is no integer of 32 bits" },
    { kind: "missingAttribute", position: 28, message: "There is no missing" },
  ]);
});
