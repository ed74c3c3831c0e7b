import { expect, test } from "vitest";
import { exit, exitOfOutcome, exitOfProblem, worstExit } from "./exit.ts";

test("The exit code is the verdict", () => {
  expect(
    (["pass", "warning", "fail", "aborted", "errored", "timedout"] as const).map((o) => exitOfOutcome(o)),
  ).toEqual([0, 0, 5, 7, 11, 11]);
  expect(exitOfOutcome("warning", { strict: true })).toBe(6);
});

test("Of several runs the worst decides: 11, 5, 7, 3, 6, 0", () => {
  expect(worstExit([0, 6, 3, 7, 5, 11])).toBe(11);
  expect(worstExit([0, 6, 3, 7, 5])).toBe(5);
  expect(worstExit([0, 6, 3, 7])).toBe(7);
  expect(worstExit([0, 6, 3])).toBe(3);
  expect(worstExit([0, 6])).toBe(6);
});

test("A failure has the number of its kind", () => {
  expect(exitOfProblem("E_YAML")).toBe(exit.usage);
  expect(exitOfProblem("E_NO_LISTENER")).toBe(exit.notFound);
  expect(exitOfProblem("E_UNREACHABLE")).toBe(exit.unreachable);
  expect(exitOfProblem("E_BROKEN")).toBe(exit.ourFault);
  expect(exitOfProblem("E_NOT_YOURS")).toBe(exit.notAllowed);
});
