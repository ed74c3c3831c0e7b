import { expect, test } from "vitest";
import { compileDialects, type DialectFilter } from "./dialect-filter.ts";

const event = {
  id: "1",
  source: "/ci/main",
  type: "com.example.built",
  subject: "app",
  attempt: 2,
  project: "weather",
};
const holds = (...filters: DialectFilter[]): boolean => compileDialects(filters)(event);

test.each<[string, DialectFilter[], boolean]>([
  ["no filter", [], true],
  ["exact", [{ exact: { type: "com.example.built" } }], true],
  ["exact in another case", [{ exact: { type: "com.example.Built" } }], false],
  ["all pairs of one", [{ exact: { type: "com.example.built", subject: "lib" } }], false],
  ["a missing attribute", [{ exact: { stage: "" } }], false],
  ["a number as text", [{ exact: { attempt: "2" } }], true],
  ["prefix", [{ prefix: { source: "/ci/" } }], true],
  ["suffix", [{ suffix: { type: ".built" } }], true],
  ["suffix that is none", [{ suffix: { type: ".tested" } }], false],
  ["several are joined by and", [{ prefix: { source: "/ci" } }, { exact: { subject: "lib" } }], false],
  ["any", [{ any: [{ exact: { subject: "lib" } }, { exact: { subject: "app" } }] }], true],
  ["all", [{ all: [{ exact: { subject: "lib" } }, { exact: { subject: "app" } }] }], false],
  ["not", [{ not: { exact: { subject: "lib" } } }], true],
  ["nested", [{ not: { any: [{ all: [{ prefix: { type: "com" } }] }, { suffix: { type: "x" } }] } }], false],
  ["sql", [{ sql: "attempt > 1 AND source LIKE '/ci/%'" }], true],
  ["sql with an error is false", [{ sql: "missing > 1" }], false],
])("%s", (_what, filters, expected) => {
  expect(holds(...filters)).toBe(expected);
});

test("an expression that is not understood is refused where it goes wrong", () => {
  expect(() => holds({ sql: "type = " })).toThrow(/not understood/);
  expect(() => holds({ not: { sql: "NOSUCH(type)" } })).toThrow(/not understood/);
});
