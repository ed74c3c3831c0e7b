import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { LogEntry } from "@jackfield/events/log-entry";
import { shortType } from "@jackfield/spec/event/type";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";
import { falseAlarms } from "./outages.ts";
import { folderWith, requestOf, wideFile } from "./workload.ts";

const handler = "crowded";
const slots = 8;
const many = "faults";
const few = "few";
const fewItems = 10;
/** Alone the few take so many rounds of all slots. */
const rounds = Math.ceil(fewItems / slots);

/**
 * So many slow tasks of one project wait for eight slots, when another project comes with ten, again and again. Time is
 * counted in slots that were given out, which no other load of the machine changes.
 */
export async function standInACrowd(items: number, milliseconds: number): Promise<void> {
  const folder = await folderWith({
    "jackfield.yaml": wideFile(many, items, { handler }),
    "few.yaml": wideFile(few, fewItems, { handler }),
  });
  await using faults = await FaultWorld.begin({ folder });
  await faults.world.did("apply", "few.yaml");
  await faults.handler({ name: handler, concurrency: slots, milliseconds }, { project: "*" });
  expect(await slotsUntilServed(faults)).toBe(fewItems);
  const crowd = await faults.request(1);
  await until("the crowd to be at work", () => givenTo(faults.world.seen, many) > 2 * slots);
  for (let time = 0; time < 3; time += 1) {
    expect(await slotsUntilServed(faults)).toBeLessThanOrEqual(2 * rounds * slots);
  }
  const left = items - givenTo(faults.world.seen, many);
  expect(left, "the crowd was there all the time").toBeGreaterThan(slots);
  await faults.over(crowd, 30_000 + items * 60);
  expect(falseAlarms(faults)).toEqual([]);
  const verdict = await faults.verdict(60_000);
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}

/** A run of the small project: how many slots were given out from when its tasks were ready until the last had its own. */
async function slotsUntilServed(faults: FaultWorld): Promise<number> {
  const id = randomUUID();
  const from = faults.world.seen.length;
  await faults.publish(requestOf(id, few));
  await faults.over([id]);
  const said = faults.world.seen.slice(from);
  const isOf = ({ event }: LogEntry, short: string): boolean =>
    event?.correlationid === id && shortType(event.type) === short;
  expect(said.find((entry) => isOf(entry, "run.finished"))?.event?.data).toMatchObject({ outcome: "pass" });
  const ready = said.findIndex((entry) => isOf(entry, "foreach.triggered"));
  const last = said.findLastIndex((entry) => isOf(entry, "split.triggered"));
  return givenTo(said.slice(ready, last + 1));
}

/** How many slots were given out, to one project or to all. */
const givenTo = (said: readonly LogEntry[], project?: string): number =>
  said.filter(
    ({ event }) =>
      event !== undefined &&
      shortType(event.type) === "split.triggered" &&
      (project === undefined || event.project === project),
  ).length;
