import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bed } from "../bed.ts";
import { atMost, type Figure, type Quantity } from "../figure.ts";
import { commandOf, familyOf, memoryOf, type Memory } from "../processes.ts";
import { startUp, type Which } from "../up.ts";

const settleMs = 10_000;

/** Memory of all processes 10 s after it is up, by what they are. */
async function memoryUp(bed: Bed, which: Which): Promise<Record<string, Memory>> {
  const folder = join(bed.folder, `up-memory-${which}`);
  // The first start of a folder makes the database, which leaves buffers behind that a warm one does not have.
  await (await startUp(bed, { folder, which })).stop();
  const up = await startUp(bed, { folder, which });
  await delay(settleMs);
  const memory: Record<string, Memory> = {};
  for (const pid of await familyOf(up.pid)) {
    const name = nameOf(await commandOf(pid), pid === up.pid);
    const { pss, rss } = await memoryOf(pid);
    const { pss: otherPss, rss: otherRss } = memory[name] ?? { pss: 0, rss: 0 };
    memory[name] = { pss: pss + otherPss, rss: rss + otherRss };
  }
  await up.stop();
  return memory;
}

function nameOf(command: string, isRoot: boolean): string {
  if (isRoot) return "Node, all services";
  if (command.includes("nats-server")) return "nats-server";
  return command.includes("postgres") ? "PostgreSQL" : "guards and other";
}

const sum = (memory: Record<string, Memory>, kind: keyof Memory): number =>
  Object.values(memory).reduce((total, one) => total + one[kind], 0);

export const upMemory: Figure = {
  id: "up.memory",
  goal: [atMost("value", 400)],
  measure: async (bed) => {
    const all = await memoryUp(bed, "all");
    const servers = await memoryUp(bed, "servers");
    const parts = Object.entries(all).map(([name, { pss }]): [string, Quantity] => [
      name,
      { value: pss, unit: "MB" },
    ]);
    return {
      value: sum(all, "pss"),
      unit: "MB",
      against: { name: "the launcher with NATS and PostgreSQL only", value: sum(servers, "pss") },
      ratio: sum(all, "pss") / sum(servers, "pss"),
      beside: {
        ...Object.fromEntries(parts),
        // Node's program is shared with any other Node that runs here; this is what it may be without them.
        "upper bound: RSS, what is shared counted each time": { value: sum(all, "rss"), unit: "MB" },
      },
    };
  },
};
