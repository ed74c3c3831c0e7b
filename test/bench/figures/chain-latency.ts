import { comparedWith, cpuBeside, openChains, runOneByOne } from "../chain.ts";
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
    const { peer } = chains;
    const times = { ours: [] as number[], always: [] as number[], peer: [] as number[] };
    let cpu: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      cpu = await chains.ours.measured(
        async () => void times.ours.push(...(await runOneByOne(chains.ours, runsARound))),
      );
      times.always.push(...(await runOneByOne(chains.always, runsARound)));
      if (typeof peer !== "string") times.peer.push(...(await runOneByOne(peer, runsARound)));
    }
    const value = quantile(times.ours, 0.5);
    return {
      value,
      unit: "ms",
      ...comparedWith(peer, value, () => quantile(times.peer, 0.5)),
      beside: {
        p99: milliseconds(times.ours, 0.99),
        "p50 with sync_interval: always": milliseconds(times.always, 0.5),
        "p99 with sync_interval: always": milliseconds(times.always, 0.99),
        ...(typeof peer !== "string" && { "p99 of the peer": milliseconds(times.peer, 0.99) }),
        ...cpuBeside(cpu),
      },
    };
  },
};

const milliseconds = (times: readonly number[], share: number): Quantity => ({
  value: quantile(times, share),
  unit: "ms",
});
