import { cpuBeside, noPeer, openChains, runOneByOne } from "../chain.ts";
import { atMost, type Figure, type Quantity } from "../figure.ts";
import { quantile } from "../statistics.ts";

const runsARound = 200;
const rounds = 5;

/** From the request until `run.finished` is read: three no-op tasks in a row, one run at a time. */
export const chainLatency: Figure = {
  id: "chain.latency",
  goal: [atMost("value", 10), atMost("p99", 40)],
  measure: async (bed) => {
    await using chains = await openChains(bed);
    const ours: number[] = [];
    const always: number[] = [];
    let cpu: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      cpu = await chains.ours.measured(
        async () => void ours.push(...(await runOneByOne(chains.ours, runsARound))),
      );
      always.push(...(await runOneByOne(chains.always, runsARound)));
    }
    return {
      value: quantile(ours, 0.5),
      unit: "ms",
      ...noPeer("nobody yet"),
      beside: {
        p99: milliseconds(ours, 0.99),
        "p50 with sync_interval: always": milliseconds(always, 0.5),
        "p99 with sync_interval: always": milliseconds(always, 0.99),
        ...cpuBeside(cpu),
      },
    };
  },
};

const milliseconds = (times: readonly number[], share: number): Quantity => ({
  value: quantile(times, share),
  unit: "ms",
});
