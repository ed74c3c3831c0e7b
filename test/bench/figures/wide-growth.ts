import { cpuBeside } from "../chain.ts";
import { atMost, type Figure } from "../figure.ts";
import { Spine } from "../spine.ts";
import { costOf, runWide, wideSlots } from "../wide.ts";

/** CPU of all processes per event of 200,000 no-op tasks of one foreach, and of 20,000. */
export const wideGrowth: Figure = {
  id: "wide.growth",
  goal: [atMost("ratio", 1.1)],
  measure: async (bed) => {
    await using spine = await Spine.open(bed, await bed.nats(), wideSlots);
    await runWide(spine, "wide-20000");
    const small = await runWide(spine, "wide-20000");
    const large = await runWide(spine, "wide-200000");
    return {
      value: costOf(large),
      unit: "µs an event",
      against: { name: "20,000 tasks", value: costOf(small) },
      ratio: costOf(large) / costOf(small),
      beside: {
        "200,000 tasks": { value: large.seconds, unit: "s" },
        "20,000 tasks": { value: small.seconds, unit: "s" },
        "conductor's memory at its peak, 200,000": { value: large.peakMb, unit: "MB" },
        "conductor's memory at its peak, 20,000": { value: small.peakMb, unit: "MB" },
        ...cpuBeside(large.cpu),
      },
    };
  },
};
