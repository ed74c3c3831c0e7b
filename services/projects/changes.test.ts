import { expect, test } from "vitest";
import { changesBetween, changesOfProject } from "./changes.ts";
import { longForm } from "./long-form.ts";
import { readProjectFile } from "./project-file.ts";

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

test("The steps of a workflow are compared by name, not as one list", () => {
  const form = (text: string) =>
    longForm(
      readProjectFile(`project: demo\nworkflow:\n${text}`, "jackfield.yaml"),
      new Map([["noop", "none"]]),
    ).applied;
  const before = form("  noop:\n  b: { capability: noop, needs: noop }\n");
  expect(
    changesOfProject(before, form("  b: { capability: noop, needs: noop, foreach: 3 }\n  noop:\n")),
  ).toEqual([{ path: "/workflows/lifecycle/steps/b/foreach/in", to: 3 }]);
});
