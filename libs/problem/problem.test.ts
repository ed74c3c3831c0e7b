import { expect, test } from "vitest";
import { nearestNames } from "./nearest.ts";
import { printProblem } from "./print.ts";
import { asProblem, Problem, problemFrom, reportOf } from "./problem.ts";

const noHandler = new Problem("E_NO_HANDLER", "nobody can answer train for weather/seattle", {
  why: "train is bound to acme-boost (by ana, 02:09),\nwhich was last seen 00:34 ago",
  here: "jackfield.yaml:7:12",
  next: "jackfield bind train --undo",
});

test("a problem is read in one form: what, why, here, next", () => {
  expect(printProblem(reportOf(noHandler))).toBe(
    [
      "E_NO_HANDLER  nobody can answer train for weather/seattle",
      "  why    train is bound to acme-boost (by ana, 02:09),",
      "         which was last seen 00:34 ago",
      "  here   jackfield.yaml:7:12",
      "  next   jackfield bind train --undo",
    ].join("\n"),
  );
});

test("a problem travels and comes back as it was", () => {
  const back = problemFrom(reportOf(noHandler));
  expect(reportOf(back)).toEqual(reportOf(noHandler));
  expect(back.retriable).toBe(false);
});

test("a code of a later release becomes our own fault and keeps its name", () => {
  expect(problemFrom({ code: "E_FROM_TOMORROW", what: "something new" })).toMatchObject({
    code: "E_BROKEN",
    message: "E_FROM_TOMORROW: something new",
  });
});

test("what has no name is our own fault, which another attempt may not meet", () => {
  const problem = asProblem(new TypeError("x is undefined"));
  expect(problem).toMatchObject({ code: "E_BROKEN", message: "x is undefined", retriable: true });
});

test("the nearest names come first, strangers not at all", () => {
  expect(nearestNames("temp_mx", ["wind", "temp_min", "temp_max", "weather"])).toEqual([
    "temp_max",
    "temp_min",
  ]);
  expect(nearestNames("zzz", ["wind", "weather"])).toEqual([]);
});
