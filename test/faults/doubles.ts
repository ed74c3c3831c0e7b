import { setTimeout as delay } from "node:timers/promises";
import { headers, type Msg } from "@nats-io/transport-node";
import { expect } from "vitest";
import { openAsAdmin } from "../../deploy/as-admin.ts";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import type { Dice } from "./dice.ts";
import { FaultWorld } from "./fault-world.ts";

const doubled = "Doubled";

/**
 * Whatever is published is published once more, with another message id, at once or up to two seconds later: every
 * request, every decision (so every handler is given each task twice), every answer and every fact.
 */
export async function sayEverythingTwice(runs: number, dice: Dice): Promise<void> {
  await using faults = await FaultWorld.begin();
  await using events = await openAsAdmin(await faults.world.run(), "echo");
  const saying = new Set<Promise<void>>();
  let said = 0;
  const again = async ({ subject, data, headers: given }: Msg): Promise<void> => {
    const carried = headers();
    for (const [name, values] of given ?? [])
      if (!name.startsWith("Nats-")) carried.set(name, String(values));
    carried.set(doubled, "1");
    await delay(dice.next() < 0.5 ? 0 : dice.between(1, 2_000));
    events.connection.publish(subject, data, { headers: carried });
    said += 1;
  };
  events.connection.subscribe(`${events.subjectRoot}.>`, {
    callback: (_, message) => {
      if (message.headers?.has(doubled) === true) return;
      const echo = again(message).finally(() => saying.delete(echo));
      saying.add(echo);
    },
  });
  await events.connection.flush();
  await faults.over(await faults.request(runs));
  while (saying.size > 0) await Promise.all(saying);
  await events.connection.flush();
  // A run is a request, its start and end, and three events a task.
  expect(said).toBeGreaterThanOrEqual(15 * runs);
  await until("the stream to hold all of it", () => faults.world.seen.length > 1.9 * said);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}
