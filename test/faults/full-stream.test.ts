import { jetstreamManager } from "@nats-io/jetstream";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { until } from "../bed/until.ts";
import type { Event } from "../checker/envelope.ts";
import { streamEnd, withConnection } from "../checker/stream.ts";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";

const filling = (bytes: number): Event => ({
  specversion: "1.0",
  id: randomUUID(),
  source: "/faults",
  type: "com.example.noise",
  project: "faults",
  datacontenttype: "application/json",
  data: { noise: "~".repeat(bytes) },
});

const post = (faults: FaultWorld, event: Event): Promise<Response> =>
  fetch(`${faults.world.url}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify(event),
  });

test("while the tracker stands still the stream fills up, refuses politely, and recovers by itself", async () => {
  await using faults = await FaultWorld.begin({ work: { milliseconds: 3_000 } });
  await withConnection(await faults.nats(), async (connection) => {
    const manager = await jetstreamManager(connection);
    await manager.streams.update("EVENTS", { max_bytes: 1_000_000 });
  });
  const requests = await faults.request(8);
  await faults.begun("fetch");
  const frozen = faults.freeze("tracker", 9_000);
  // Clients that try again until they are told that it is kept: more than the stream can hold, down to the last corner.
  const sizes = [...Array<number>(60).fill(20_000), ...Array<number>(60).fill(1)];
  const patient = Promise.all(sizes.map((bytes) => faults.publish(filling(bytes))));
  const refused = await until("the stream to be full", async () => {
    const answer = await post(faults, filling(1));
    return answer.status === 202 ? undefined : answer;
  });
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const full = await streamEnd(await faults.nats());
  // Whoever was at work has finished meanwhile, and cannot say so.
  await delay(3_000);
  expect(await streamEnd(await faults.nats())).toEqual(full);
  await frozen;
  await patient;
  await faults.over(requests);
  expect((await post(faults, filling(1))).status).toBe(202);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 120_000);
