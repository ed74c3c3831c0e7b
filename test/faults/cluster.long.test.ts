import { expect, test } from "vitest";
import type { LogEntry } from "@jackfield/events/log-entry";
import { shortType } from "@jackfield/spec/event/type";
import { Cluster } from "../bed/cluster.ts";
import { natsBinary } from "../bed/servers.ts";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import { emptyFolder } from "../journeys/world.ts";
import { FaultWorld } from "./fault-world.ts";

/** A new leader has to be elected first, and what lay on the old one is made anew. */
const recoverWithinMs = 45_000;

const isAtWork = (said: readonly LogEntry[]): boolean =>
  said.some(({ event }) => event !== undefined && shortType(event.type) === "train.started");

test("Keptn #8522: on three servers nothing is lost, doubled or stuck when the one that leads is killed, each in turn", async () => {
  await using cluster = await Cluster.start(await natsBinary(), await emptyFolder());
  await using faults = await FaultWorld.begin({
    environment: { JACKFIELD_NATS_URL: cluster.url, JACKFIELD_STREAM_REPLICAS: "3" },
  });
  const killed = new Set<string>();
  for (let time = 1; time <= 4; time += 1) {
    const from = faults.world.seen.length;
    const asked = faults.request(20);
    await until("train to be at work", () => isAtWork(faults.world.seen.slice(from)));
    const leader = await cluster.leaderOf("EVENTS");
    faults.record({ op: "fault", what: `kill -9 ${leader}, which leads`, part: "blow" });
    await cluster.kill(leader);
    killed.add(leader);
    await faults.over(await asked, 120_000);
    await cluster.restart(leader);
  }
  expect(killed.size).toBeGreaterThan(1);
  const verdict = await faults.verdict(60_000, recoverWithinMs);
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 600_000);
