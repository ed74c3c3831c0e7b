import { capability } from "@jackfield/spec/event/contract";
import { on, serve } from "@jackfield/service/serve";
import { z } from "zod";

/** A handler that does nothing, written as its author would: the SDK, its defaults, its contract checked. */
const noop = capability("noop", {
  input: z.object({ note: z.string() }),
  output: z.object({ note: z.string() }),
  example: { input: { note: "" }, output: { note: "" } },
});

await serve({ name: "sdk", handlers: [on(noop, async ({ note }) => ({ note }))], version: "1" });
