import { z } from "zod";
import { descriptor } from "../event/artifact.ts";
import { fact } from "../event/contract.ts";

/** CI or a source says: the data changed. Starts the lifecycle of every subproject that listens to `data`, reading anew. */
export const dataChanged = fact("data.changed", {
  data: z.object({ source: z.string().optional(), files: z.record(z.string(), descriptor).optional() }),
  example: { source: "https://example.org/weather.csv" },
});
