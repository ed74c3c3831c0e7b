import type { z } from "zod";
import type { table } from "./artifact.ts";
import { parquetType } from "./artifact.ts";
import { digestOf } from "./canonical.ts";

/** A table as the published examples show it. */
export const exampleTable: z.input<typeof table> = {
  mediaType: parquetType,
  digest: digestOf("an example table"),
  size: 26_411,
  rows: 1_461,
  columns: [
    { name: "date", type: "date", nulls: 0 },
    { name: "temp_max", type: "number", nulls: 0 },
    { name: "weather", type: "string", nulls: 0 },
  ],
};
