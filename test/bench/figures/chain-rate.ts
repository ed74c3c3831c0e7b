import { comparedWith, cpuBeside, openChains, runMany } from "../chain.ts";
import { atLeast, type Figure } from "../figure.ts";
import { median } from "../statistics.ts";

const runsARound = 1_500;
const rounds = 5;

/** Runs of three no-op tasks in a row, 50 in flight, through conductor, tracker, handler, NATS and PostgreSQL. */
export const chainRate: Figure = {
  id: "chain.rate",
  goal: [atLeast("value", 400)],
  measure: async (bed) => {
    await using chains = await openChains(bed);
    const { peer } = chains;
    const rates = { ours: [] as number[], always: [] as number[], peer: [] as number[] };
    let cpu: Record<string, number> = {};
    for (let round = 1; round <= rounds; round += 1) {
      cpu = await chains.ours.measured(
        async () => void rates.ours.push(await runMany(chains.ours, runsARound)),
      );
      rates.always.push(await runMany(chains.always, runsARound));
      if (typeof peer !== "string") rates.peer.push(await runMany(peer, runsARound));
      const last = Object.entries(rates).map(([name, of]) => `${name} ${of.at(-1)?.toFixed(0) ?? "-"}`);
      bed.say(`  round ${round}: ${last.join(", ")} runs/s`);
    }
    const value = median(rates.ours);
    return {
      value,
      unit: "runs/s",
      ...comparedWith(peer, value, () => median(rates.peer)),
      beside: {
        "with sync_interval: always": { value: median(rates.always), unit: "runs/s" },
        ...cpuBeside(cpu),
      },
    };
  },
};
