import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";
import { keepAsking } from "./outages.ts";

const services = ["conductor", "tracker", "gateway", "projects", "train"];

/** How each attempt that was not the last of its task ended, and how long it took until the next one was given out. */
function handovers({ world }: FaultWorld): { code: unknown; ms: number }[] {
  const finished = world.seen.flatMap(({ event, storedMs }) =>
    event !== undefined && /\.finished$/.test(shortType(event.type)) ? [{ event, storedMs }] : [],
  );
  return world.seen.flatMap(({ event, storedMs }) => {
    if (event === undefined || !/\.triggered$/.test(shortType(event.type)) || event.attempt === 1) return [];
    const before = finished.find(
      ({ event: { subject, attempt } }) => subject === event.subject && attempt === (event.attempt ?? 0) - 1,
    );
    const { problem } = (before?.event.data ?? {}) as { problem?: { code: string } };
    return [{ code: problem?.code, ms: storedMs - (before?.storedMs ?? 0) }];
  });
}

test("SIGTERM of each handler and service in turn under load: what is not finished is handed back and given out at once", async () => {
  // Train takes longer than the grace of a handler that shuts down.
  const work = { concurrency: 8, millisecondsOf: { train: 6_500 } };
  await using faults = await FaultWorld.begin({ work });
  await faults.handler({ name: "steps", ...work }, { as: "another of steps" });
  const asking = keepAsking(faults, 700);
  await faults.begun("train");
  await faults.terminate("steps");
  for (const service of services) {
    await faults.terminate(service);
    await delay(500);
  }
  await faults.terminate("another of steps");
  await faults.over(await asking.stop());
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  const given = handovers(faults);
  expect(given.length).toBeGreaterThan(0);
  for (const { code, ms } of given) {
    expect(code).toBe("E_HANDED_BACK");
    // The conductor itself may be on its way back; a lease would take a minute.
    expect(ms).toBeLessThan(5_000);
  }
}, 120_000);
