import { z } from "zod";
import type { Capability, CapabilityEntry } from "./contract.ts";

/** A contract that is data → one whose schemas check, as `on` takes it. @throws Error that says what of a schema is not understood */
export const capabilityFrom = ({ input, output, ...entry }: CapabilityEntry): Capability => ({
  ...entry,
  input: checkerOf(input),
  output: checkerOf(output),
  example: { input: {}, output: {} },
});

function checkerOf(schema: Record<string, unknown>): z.ZodType {
  if (schema["type"] !== "object") throw new Error("what goes in and comes out has fields: type object");
  return z.fromJSONSchema(schema);
}
