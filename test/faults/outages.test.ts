import { afterAll, beforeAll, expect, test } from "vitest";
import { printVerdict } from "../checker/verdict.ts";
import {
  beginOutages,
  clocksJump,
  conductorStands,
  falseAlarms,
  postgresGone,
  workerGone,
} from "./outages.ts";
import type { OutageWorld } from "./outages.ts";

let world: OutageWorld;
beforeAll(async () => {
  // Longer than a lease, so that whoever takes an outage for silence gives them up.
  world = await beginOutages({ concurrency: 60, millisecondsOf: { train: 7_000 } });
}, 90_000);
afterAll(() => world[Symbol.asyncDispose]());

async function expectNothingHappened(): Promise<void> {
  const verdict = await world.faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  expect(falseAlarms(world.faults)).toEqual([]);
}

test("PostgreSQL gone while 50 tasks run: nobody is given up, nothing is parked, all goes on by itself", async () => {
  await postgresGone(world, { tasks: 50, forMs: 8_000 });
  await expectNothingHappened();
}, 120_000);

test("a conductor that stood still for longer than a lease gives nobody up", async () => {
  await conductorStands(world, { tasks: 10, forMs: 8_000 });
  await expectNothingHappened();
}, 120_000);

test("clocks that jump an hour forward and back end no task", async () => {
  expect([...(await clocksJump(world, 4))]).toEqual(expect.arrayContaining([-1, 0, 1]));
  await expectNothingHappened();
}, 120_000);

test("a worker that died is given up when its lease is over, also when the clocks are wrong and others are at work", async () => {
  const { message, seconds } = await workerGone(world, { comesBack: true });
  expect(message).toMatch(/was silent for 6 s/);
  expect(seconds).toBeLessThan(15);
  const verdict = await world.faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 120_000);
