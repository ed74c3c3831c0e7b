import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";

test("Kyma #14152: while a handler is gone its tasks wait and lose no attempt", async () => {
  await using faults = await FaultWorld.begin();
  const absent = await faults.handler({ name: "absent" });
  await faults.world.did("bind", "train=absent");
  await absent.end();
  const requests = await faults.request(5);
  await faults.world.happened("split.finished");
  await delay(4_000);
  const asked = () => faults.world.events.filter(({ type }) => shortType(type) === "train.triggered");
  expect(asked()).toEqual([]);
  await faults.handler({ name: "absent" });
  await faults.over(requests);
  expect(asked().map(({ attempt }) => attempt)).toEqual(requests.map(() => 1));
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 60_000);
