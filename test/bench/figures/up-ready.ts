import { join } from "node:path";
import { atMost, type Figure } from "../figure.ts";
import { median, medianRatio } from "../statistics.ts";
import { startUp } from "../up.ts";

const rounds = 3;

/** From the spawn of the process until it says that all is ready; the folder is warm after the first start. */
export const upReady: Figure = {
  id: "up.ready",
  goal: [atMost("value", 4)],
  measure: async (bed) => {
    const seconds = { all: [] as number[], servers: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      for (const which of ["all", "servers"] as const) {
        const up = await startUp(bed, { folder: join(bed.folder, `up-ready-${which}`), which });
        await up.stop();
        if (round > 0) seconds[which].push(up.readySeconds);
      }
    }
    return {
      value: median(seconds.all),
      unit: "s",
      against: { name: "the launcher with NATS and PostgreSQL only", value: median(seconds.servers) },
      ratio: medianRatio(seconds.all, seconds.servers),
      beside: { slowest: { value: Math.max(...seconds.all), unit: "s" } },
    };
  },
};
