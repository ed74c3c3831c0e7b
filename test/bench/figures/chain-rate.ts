import { cpuBeside, noPeer, openChains, runMany } from "../chain.ts";
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
    const ours: number[] = [];
    const always: number[] = [];
    let cpu: Record<string, number> = {};
    for (let round = 1; round <= rounds; round += 1) {
      cpu = await chains.ours.measured(async () => void ours.push(await runMany(chains.ours, runsARound)));
      always.push(await runMany(chains.always, runsARound));
      bed.say(`  round ${round}: ${ours.at(-1)?.toFixed(0)} runs/s, ${always.at(-1)?.toFixed(0)} synced`);
    }
    return {
      value: median(ours),
      unit: "runs/s",
      ...noPeer("nobody yet"),
      beside: {
        "with sync_interval: always": { value: median(always), unit: "runs/s" },
        ...cpuBeside(cpu),
      },
    };
  },
};
