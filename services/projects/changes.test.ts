import { expect, test } from "vitest";
import { changesBetween } from "./changes.ts";

test("Differences are named leaf by leaf, with what was and what will be", () => {
  expect(
    changesBetween(
      { on: ["code"], subprojects: { a: { params: { trees: 1 } }, b: { target: "x" } } },
      { on: ["code", "data"], subprojects: { a: { params: { trees: 2, "max/depth": 3 } } } },
    ),
  ).toEqual([
    { path: "/on", from: ["code"], to: ["code", "data"] },
    { path: "/subprojects/a/params/max~1depth", to: 3 },
    { path: "/subprojects/a/params/trees", from: 1, to: 2 },
    { path: "/subprojects/b/target", from: "x" },
  ]);
});

test("Equal forms have no difference, whatever the order of their keys", () => {
  expect(changesBetween({ a: 1, b: { c: [], d: {} } }, { b: { d: {}, c: [] }, a: 1 })).toEqual([]);
});
