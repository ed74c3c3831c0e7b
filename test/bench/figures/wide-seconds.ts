import { cpuBeside } from "../chain.ts";
import { atMost, type Figure } from "../figure.ts";
import { Spine } from "../spine.ts";
import { runWide, wideSlots } from "../wide.ts";

/** One run with 20,000 no-op tasks of one foreach, until the tracker has everything. */
export const wideSeconds: Figure = {
  id: "wide.seconds",
  goal: [atMost("value", 15)],
  measure: async (bed) => {
    await using spine = await Spine.open(bed, await bed.nats(), wideSlots);
    const small = await runWide(spine, "wide-2000");
    const { seconds, cpu, peakMb } = await runWide(spine, "wide-20000");
    return {
      value: seconds,
      unit: "s",
      against: { name: "2,000 tasks", value: small.seconds },
      ratio: seconds / small.seconds,
      beside: {
        "conductor's memory at its peak": { value: peakMb, unit: "MB" },
        "the same with 2,000 tasks": { value: small.peakMb, unit: "MB" },
        ...cpuBeside(cpu),
      },
    };
  },
};
