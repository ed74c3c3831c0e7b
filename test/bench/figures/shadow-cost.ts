import { atMost, type Figure } from "../figure.ts";
import { Spine } from "../spine.ts";
import { median, medianRatio } from "../statistics.ts";

const runsARound = 150;
const rounds = 5;

/** The time of a run of three steps, one at a time, while each step is shadowed by a handler that takes 100 ms. */
export const shadowCost: Figure = {
  id: "shadow.cost",
  goal: [atMost("ratio", 1.1)],
  measure: async (bed) => {
    await using spine = await Spine.open(bed, await bed.nats(), { concurrency: 16 });
    await spine.startOther("slow", 100);
    const times = { with: [] as number[], without: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      for (const which of ["without", "with"] as const) {
        if (which === "with") await spine.bind("slow", "add");
        const all: number[] = [];
        for (let run = 0; run < runsARound; run += 1) {
          const began = performance.now();
          await spine.run("chain");
          all.push(performance.now() - began);
        }
        if (which === "with") await spine.bind("slow", "remove");
        if (round > 0) times[which].push(median(all));
        bed.say(`  round ${round}: ${which} a shadow ${median(all).toFixed(1)} ms`);
        await spine.trackerHasAll();
      }
    }
    const answered = await spine.count(
      "select count(*) from tracker.attempts where handler = 'slow' and finished_at is not null",
    );
    return {
      value: median(times.with),
      unit: "ms",
      against: { name: "without a shadow", value: median(times.without) },
      ratio: medianRatio(times.with, times.without),
      beside: { "answers of the shadow": { value: answered, unit: "tasks" } },
    };
  },
};
