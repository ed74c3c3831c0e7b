import { expect, test } from "vitest";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";
import { lateAnswers, leaseSeconds } from "./outages.ts";

test("a worker that was stopped past its lease answers late: another attempt has counted, each was begun once", async () => {
  const work = { concurrency: 4, milliseconds: 700 };
  await using faults = await FaultWorld.begin({
    environment: { JACKFIELD_LEASE_SECONDS: String(leaseSeconds) },
    work,
  });
  await faults.handler({ name: "steps", ...work }, { as: "another of steps" });
  const asked = await faults.request(16);
  await faults.begun("train");
  await faults.freeze("steps", (leaseSeconds + 3) * 1_000);
  await faults.over(asked);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  const late = lateAnswers(faults);
  expect(late.length).toBeGreaterThan(0);
  for (const { source, status } of late)
    expect([source, status]).toEqual(["/jackfield/handlers/steps", "succeeded"]);
}, 120_000);
