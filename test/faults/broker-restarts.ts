import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { LogEntry } from "@jackfield/events/log-entry";
import { printPosition } from "@jackfield/spec/event/position";
import { shortType } from "@jackfield/spec/event/type";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import { sameAnswer } from "../journeys/programs.ts";
import { projectFile, projectWith } from "../journeys/world.ts";
import { FaultWorld } from "./fault-world.ts";
import { slowest, soonMs } from "./pace.ts";

/**
 * Restarts the broker so many times, killed and stopped in turn, under the built-in services and handlers, which keep
 * their processes. After each restart a project is applied and run: every one of them reads and publishes.
 */
export async function restartTheBroker(times: number): Promise<void> {
  const folder = await projectWith("node train.mjs", { "train.mjs": sameAnswer });
  await using faults = await FaultWorld.begin({ folder });
  const before = await servicesOf(faults);
  for (let time = 1; time <= times; time += 1) {
    await restart(faults, time % 2 === 0 ? "SIGTERM" : "SIGKILL");
    const backMs = Date.now();
    await writeFile(join(folder, "jackfield.yaml"), projectFile(`node train.mjs ${time}`));
    await until("a version", () => faults.world.did("apply"), { withinMs: soonMs });
    const said = await runOf(faults);
    expect(slowest(said, backMs), `restart ${time}`).toBeLessThan(soonMs);
  }
  expect(await servicesOf(faults)).toEqual(before);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}

async function servicesOf({ world }: FaultWorld): Promise<Record<string, number>> {
  const { services = [] } = await world.run();
  return Object.fromEntries(services.map(({ name, pid }) => [name, pid]));
}

async function restart(faults: FaultWorld, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const pid = await faults.pidOf("nats-server");
  faults.record({ op: "fault", what: `${signal} to the broker`, part: "blow" });
  process.kill(pid, signal);
  await until("the broker to be back", async () => (await faults.pidOf("nats-server")) !== pid);
}

/** Runs the project and waits until the tracker has all of it; answers with what was said of the run, in order. */
async function runOf({ world }: FaultWorld): Promise<LogEntry[]> {
  const run = await world.did("run", "weather/seattle", "--no-cache", "--no-wait");
  await world.happened("run.finished", (event) => event.run === run, 60_000);
  const said = world.seen.filter(({ event }) => event?.run === run);
  const end = said.findLast(({ event }) => shortType(event?.type ?? "") === "run.finished");
  expect(end?.event?.data).toMatchObject({ outcome: "pass" });
  const after = end === undefined ? "" : printPosition(end.position);
  const tracked = await fetch(
    `${world.url}/v1/events?${new URLSearchParams({ after, limit: "1" }).toString()}`,
  );
  expect(tracked.status).toBe(200);
  return said;
}
