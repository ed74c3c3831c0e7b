import { expect, test } from "vitest";
import { printVerdict } from "../checker/verdict.ts";
import { beginOutages, conductorStands, falseAlarms, postgresGone, workerGone } from "./outages.ts";

const minuteMs = 60_000;

test("PostgreSQL gone for five minutes with 500 tasks running, and for one: no false timeout, nothing parked", async () => {
  const work = { concurrency: 600, millisecondsOf: { train: 6 * minuteMs } };
  await using world = await beginOutages(work, 20);
  await postgresGone(world, { tasks: 500, forMs: 5 * minuteMs });
  await postgresGone(world, { tasks: 20, forMs: minuteMs });
  const verdict = await world.faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  expect(falseAlarms(world.faults)).toEqual([]);
}, 1_500_000);

test("a conductor that is stopped for a minute cancels nothing and times nothing out", async () => {
  await using world = await beginOutages({ concurrency: 60, millisecondsOf: { train: 70_000 } });
  await conductorStands(world, { tasks: 50, forMs: minuteMs });
  const verdict = await world.faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  expect(falseAlarms(world.faults)).toEqual([]);
}, 300_000);

test("Stardag: a run whose worker died for good ends by itself, with the reason", async () => {
  await using world = await beginOutages();
  const { message } = await workerGone(world, { comesBack: false });
  expect(message).toMatch(/was silent for 6 s/);
  // The next attempt is addressed to who may still come back, until its time to start is over.
  const verdict = await world.faults.verdict(30_000, minuteMs);
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 300_000);
