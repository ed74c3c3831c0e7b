import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bed } from "../bed.ts";
import { atMost, type Figure } from "../figure.ts";
import { commandOf, familyOf, pssMegabytes } from "../processes.ts";
import { startUp, type Which } from "../up.ts";

const settleMs = 10_000;

/** Megabytes (PSS) of all processes 10 s after it is up, by what they are. */
async function memoryOf(bed: Bed, which: Which): Promise<Record<string, number>> {
  const folder = join(bed.folder, `up-memory-${which}`);
  // The first start of a folder makes the database, which leaves buffers behind that a warm one does not have.
  await (await startUp(bed, { folder, which })).stop();
  const up = await startUp(bed, { folder, which });
  await delay(settleMs);
  const memory: Record<string, number> = {};
  for (const pid of await familyOf(up.pid)) {
    const name = nameOf(await commandOf(pid), pid === up.pid);
    memory[name] = (memory[name] ?? 0) + (await pssMegabytes(pid));
  }
  await up.stop();
  return memory;
}

function nameOf(command: string, isRoot: boolean): string {
  if (isRoot) return "Node, all services";
  if (command.includes("nats-server")) return "nats-server";
  return command.includes("postgres") ? "PostgreSQL" : "guards and other";
}

const sum = (memory: Record<string, number>): number =>
  Object.values(memory).reduce((total, megabytes) => total + megabytes, 0);

export const upMemory: Figure = {
  id: "up.memory",
  goal: [atMost("value", 400)],
  measure: async (bed) => {
    const all = await memoryOf(bed, "all");
    const servers = await memoryOf(bed, "servers");
    const parts = Object.entries(all).map(([name, value]) => [name, { value, unit: "MB" }]);
    return {
      value: sum(all),
      unit: "MB",
      against: { name: "the launcher with NATS and PostgreSQL only", value: sum(servers) },
      ratio: sum(all) / sum(servers),
      beside: Object.fromEntries(parts) as Record<string, { value: number; unit: string }>,
    };
  },
};
