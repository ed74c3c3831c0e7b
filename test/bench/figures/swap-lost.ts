import { atMost, type Figure } from "../figure.ts";
import { Spine } from "../spine.ts";

const runs = 500;
const changes = 20;
const stepsEach = 3;

/** 500 runs in flight while the lead moves 20 times between two handlers: what is missing, and what is there twice. */
export const swapLost: Figure = {
  id: "swap.lost",
  goal: [atMost("value", 0)],
  measure: async (bed) => {
    await using spine = await Spine.open(bed, await bed.nats(), { concurrency: 64 });
    await spine.startOther("other");
    const began = performance.now();
    const all: Promise<void>[] = [];
    // Runs begin before, between and after the changes, and all stay in flight meanwhile.
    for (let change = 1; change <= changes; change += 1) {
      for (let run = 0; run < runs / changes; run += 1) all.push(spine.run("chain", 120_000));
      await spine.bind(change % 2 === 0 ? "noop" : "other");
    }
    await Promise.all(all);
    const seconds = (performance.now() - began) / 1_000;
    await spine.trackerHasAll();
    const ended = await spine.count("select count(*) from tracker.runs where state = 'pass'");
    const attempts = await spine.count("select count(*) from tracker.attempts where finished_at is not null");
    const tasks = await spine.count("select count(distinct task) from tracker.attempts");
    const byOther = await spine.count("select count(*) from tracker.attempts where handler = 'other'");
    return {
      value: runs - ended + Math.abs(attempts - runs * stepsEach) + Math.abs(tasks - runs * stepsEach),
      unit: "lost or doubled",
      against: { name: "tasks", value: runs * stepsEach },
      ratio: undefined,
      beside: {
        "answered by the second handler": { value: byOther, unit: "tasks" },
        "changes of the binding": { value: changes, unit: "" },
        "all runs": { value: seconds, unit: "s" },
      },
    };
  },
};
