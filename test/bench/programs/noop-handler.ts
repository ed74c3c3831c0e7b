import { setTimeout as delay } from "node:timers/promises";
import { capability } from "@jackfield/spec/event/contract";
import { on, serve } from "@jackfield/service/serve";
import { z } from "zod";

/**
 * A handler that does nothing, many times at once: what a run costs is what lies around its tasks.
 *
 * node noop-handler.mjs <tasks at once> [<name> [<milliseconds that a task takes>]]
 */
const [concurrency = "1", name = "noop", takesMs = "0"] = process.argv.slice(2);
const noop = capability("noop", {
  input: z.object({ note: z.string(), name: z.string(), index: z.int().optional() }),
  output: z.object({ note: z.string() }),
  example: { input: { note: "", name: "" }, output: { note: "" } },
});

await serve({
  name,
  // Another answer than the question, so that the next step asks something else and the cache does not know it.
  handlers: [
    on(noop, async ({ note }) => {
      if (takesMs !== "0") await delay(Number(takesMs));
      return { note: `${note}.` };
    }),
  ],
  version: "1",
  concurrency: Number(concurrency),
});
process.send?.("ready");
