// Two conductors and two trackers, one active and one standing by: whatever happens to the active one delays, loses and
// doubles nothing.
import { spawn, type ChildProcess } from "node:child_process";
import { dirname } from "node:path";
import { serviceUrl } from "@jackfield/postgres/prepare";
import { shortType } from "@jackfield/spec/event/type";
import { expect, test } from "vitest";
import { credentialIn } from "../../deploy/nats-authority.ts";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import { atTheEnd, collect, jackfield, stopProcess } from "../journeys/world.ts";
import { FaultWorld } from "./fault-world.ts";

/** A second process of a service, as `jackfield admin service` runs it. */
async function standbyOf({ world }: FaultWorld, service: string): Promise<ChildProcess> {
  const { nats, postgres, settings } = await world.run();
  const creds = credentialIn(dirname(dirname(nats?.creds ?? "")), service);
  const child = spawn(process.execPath, [jackfield, "admin", "service", service], {
    cwd: world.folder,
    env: {
      ...settings,
      PATH: process.env["PATH"],
      JACKFIELD_NATS_CREDS: creds,
      JACKFIELD_POSTGRES_URL: serviceUrl(postgres?.url ?? "", service),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const said = collect(child);
  await until(`a second ${service}`, () => said.err.includes(`${service} is up`), { withinMs: 20_000 });
  return child;
}

/** How long until the conductor gives out work again, in ms. */
async function nextTriggered({ world }: FaultWorld): Promise<number> {
  const began = performance.now();
  const seen = world.seen.length;
  const isTriggered = () =>
    world.seen.slice(seen).some(({ event }) => shortType(event?.type ?? "").endsWith(".triggered"));
  await until("work is given out", isTriggered, { withinMs: 20_000 });
  return performance.now() - began;
}

test("a standby takes over from a conductor or tracker that is killed or stopped; one that wakes again disturbs nothing", async () => {
  await using faults = await FaultWorld.begin();
  const second = await standbyOf(faults, "conductor");
  await standbyOf(faults, "tracker");
  const first = faults.request(60);
  await faults.world.happened("train.started");
  await faults.kill("conductor");
  expect(await nextTriggered(faults), "the standby stands ready").toBeLessThan(5_000);
  await faults.kill("tracker");
  await faults.over(await first);
  // The second is active now, and the one that `up` started again stands by.
  process.kill(second.pid ?? 0, "SIGSTOP");
  faults.record({ op: "fault", what: "stop the active conductor", part: "begin" });
  const meanwhile = await faults.request(20);
  await faults.over(meanwhile, 30_000);
  process.kill(second.pid ?? 0, "SIGCONT");
  faults.record({ op: "fault", what: "stop the active conductor", part: "end" });
  await faults.over(await faults.request(20));
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 120_000);
