import { setTimeout as delay } from "node:timers/promises";
import type { Bed } from "../bed.ts";
import { atMost, type Figure } from "../figure.ts";
import { Spine } from "../spine.ts";
import { serviceNames } from "../spine-parts.ts";

const rounds = 3;
const victims = [...serviceNames, "nats-server", "postgres"] as const;
type Victim = (typeof victims)[number];

/** Seconds from the kill until a run that is asked for in the same moment is over and the tracker has it. */
async function recovery(bed: Bed, spine: Spine, victim: Victim): Promise<number> {
  await spine.run("chain");
  await spine.trackerHasAll();
  const began = performance.now();
  if (victim === "nats-server") {
    const lost = spine.brokerLost();
    process.kill((await bed.nats()).pid, "SIGKILL");
    await lost;
    await spine.listen();
  } else if (victim === "postgres") process.kill((await bed.postgres()).pid, "SIGKILL");
  else void spine.kill(victim);
  await spine.run("chain");
  await spine.trackerHasAll();
  const seconds = (performance.now() - began) / 1_000;
  // Whoever was slowed down, or starts still, begins the next round as it was.
  await delay(2_000);
  return seconds;
}

/** How long after `kill -9` of one process the next three tasks are done; a launcher starts it again. */
export const recoverySeconds: Figure = {
  id: "recovery.seconds",
  goal: [atMost("value", 5)],
  measure: async (bed) => {
    await using spine = await Spine.open(bed, await bed.nats(), { concurrency: 8 });
    const worst = new Map<Victim, number>();
    for (let round = 0; round < rounds; round += 1) {
      for (const victim of victims) {
        const seconds = await recovery(bed, spine, victim);
        bed.say(`  ${victim}: ${seconds.toFixed(2)} s`);
        worst.set(victim, Math.max(worst.get(victim) ?? 0, seconds));
      }
    }
    return {
      value: Math.max(...worst.values()),
      unit: "s",
      against: { name: "nothing: the slowest of all", value: 0 },
      ratio: undefined,
      beside: Object.fromEntries(
        [...worst].map(([victim, value]) => [`${victim} killed`, { value, unit: "s" }]),
      ),
    };
  },
};
