import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openStage } from "../../libs/client/conformance/open-stage.ts";
import { checks, testHandler, type Checked } from "../../libs/client/conformance/suite.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const trainer = file("handlers/train.mjs");
const jackfield = [process.execPath, file("../../libs/client/bin/jackfield.mjs")];
const answers = file("../../examples/weather/data/seattle-weather.csv");

/** The report on a command, of all checks or of those that are named. */
async function reportOn(argv: string[], only?: string[]): Promise<Checked[]> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-faulty-"));
  try {
    const { PATH } = process.env;
    const parts = { capability: "train", door: "command", argv, folder, jackfield } as const;
    await using stage = await openStage({ ...parts, environment: { PATH } });
    return await testHandler(stage, only === undefined ? {} : { only });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("a good command passes more than thirty checks, and none fails", async () => {
  const report = await reportOn([process.execPath, trainer, "patient"]);
  expect(report.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
  expect(report.length).toBeGreaterThan(30);
}, 60_000);

test.each([
  ["no-model", "ordinary task", /E_NO_MODEL/],
  ["row-missing", "ordinary task", /E_ROWS_MISSING/],
  ["row-twice", "ordinary task", /E_ROWS_MISSING/],
  ["not-a-number", "ordinary task", /E_BAD_OUTPUT/],
  ["empty", "a model", /empty/],
  ["random", "same seed", /of 365 rows are different/],
  ["row-id", "no row id", /other ids changed/],
  ["cheat", "no leak", /100 % of the rows are right/],
  ["other-class", "known classes", /hurricane/],
  ["shares", "probabilities", /p_rain=0.9/],
  ["strict", "unknown fields", /unknown parameter/],
  ["verdict", "an error is no verdict", /it said fail/],
  ["impatient", "no vain retry", /E_RETRY_LATER/],
  ["careless", "invalid input", /pass/],
  ["backwards", "progress numbers", /after 0.2 it said 0.1/],
  ["wrong-file", "progress file", /"fraction":0.5/],
  ["bad-line", "progress file", /fraction: 0.5/],
  ["elsewhere", "out only", /model.bin/],
  ["lock", "crash at work", /somebody else trains here/],
  ["deaf", "stops", /it stopped after 1\d s/],
])("a command that is %s is caught: %s", { timeout: 40_000 }, async (fault, check, why) => {
  const [found] = await reportOn([process.execPath, trainer, fault, answers], [check]);
  expect(found?.outcome).toBe("fail");
  expect(found?.why).toMatch(why);
  expect(found?.next).not.toBe("");
});

test("each check has a name of its own", () => {
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});
