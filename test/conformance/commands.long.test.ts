import { expect, test } from "vitest";
import { answers, reportOn, trainer } from "./report-on.ts";

test.each([
  ["row-twice", "ordinary task", /E_ROWS_MISSING/],
  ["not-a-number", "ordinary task", /E_BAD_OUTPUT/],
  ["empty", "a model", /empty/],
  ["row-id", "no row id", /other ids changed/],
  ["other-class", "known classes", /hurricane/],
  ["shares", "probabilities", /p_rain=0.9/],
  ["verdict", "an error is no verdict", /it said fail/],
  ["impatient", "no vain retry", /E_RETRY_LATER/],
  ["careless", "invalid input", /pass/],
  ["wrong-file", "progress file", /"fraction":0.5/],
  ["bad-line", "progress file", /fraction: 0.5/],
  ["lock", "crash at work", /somebody else trains here/],
  ["deaf", "stops", /it stopped after 1\d s/],
])("a command that is %s is caught: %s", { timeout: 40_000 }, async (fault, check, why) => {
  const [found] = await reportOn([process.execPath, trainer, fault, answers], [check]);
  expect(found?.outcome).toBe("fail");
  expect(found?.why).toMatch(why);
  expect(found?.next).not.toBe("");
});
