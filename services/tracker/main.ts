import { defineService } from "@jackfield/service/define";
import { answersOf } from "./answers.ts";
import { trackerConfig } from "./config.ts";
import { openTracker } from "./tracker.ts";

/** Keeps every event that passes on the stream, in its order, and answers what happened. */
export const tracker = defineService({
  name: "tracker",
  config: trackerConfig,
  migrations: new URL("./migrations/", import.meta.url),
  state: openTracker,
  reads: ({ fold }) => fold,
  answers: answersOf,
});
