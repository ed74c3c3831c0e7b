import { expect, test } from "vitest";
import { checks } from "../../libs/client/conformance/suite.ts";
import { answers, reportOn, trainer } from "./report-on.ts";

test("a good command passes more than thirty checks, and none fails", async () => {
  const report = await reportOn([process.execPath, trainer, "patient"]);
  expect(report.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
  expect(report.length).toBeGreaterThan(30);
}, 60_000);

// The other faults: commands.long.test.ts.
test.each([
  ["no-model", "ordinary task", /E_NO_MODEL/],
  ["row-missing", "ordinary task", /E_ROWS_MISSING/],
  ["random", "same seed", /of 365 rows are different/],
  ["cheat", "no leak", /100 % of the rows are right/],
  ["strict", "unknown fields", /unknown parameter/],
  ["backwards", "progress numbers", /after 0.2 it said 0.1/],
  ["elsewhere", "out only", /model.bin/],
])("a command that is %s is caught: %s", { timeout: 40_000 }, async (fault, check, why) => {
  const [found] = await reportOn([process.execPath, trainer, fault, answers], [check]);
  expect(found?.outcome).toBe("fail");
  expect(found?.why).toMatch(why);
  expect(found?.next).not.toBe("");
});

test("each check has a name of its own", () => {
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});
