import { expect, test } from "vitest";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";

test("kill -9 of the conductor under load loses nothing and doubles nothing", async () => {
  await using faults = await FaultWorld.begin();
  const asking = faults.request(60);
  await faults.world.happened("train.started");
  await faults.kill("conductor");
  await faults.over(await asking);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 120_000);
