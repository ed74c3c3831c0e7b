import { z } from "zod";
import { readers, rebuildReport } from "../ask/reader.ts";
import { route } from "./route.ts";

export const postRebuild = route("POST", "/v1/rebuild/:reader", {
  summary:
    "Make a reader's state anew from the log, and compare or replace; ask again with the job until it is done",
  scope: "admin",
  params: z.object({ reader: z.enum(readers) }),
  body: z.object({ replace: z.boolean().optional(), job: z.string().optional() }),
  answer: rebuildReport,
});
