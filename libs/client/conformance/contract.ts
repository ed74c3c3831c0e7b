import { Problem } from "@jackfield/problem/problem";
import catalogue from "@jackfield/spec/catalogue.json" with { type: "json" };
import { capabilityEntry } from "@jackfield/spec/event/contract";
import { z } from "zod";

/** What the suite checks answers against. */
export interface Contract {
  name: string;
  version: string;
  output: z.ZodType;
}

/** The published contract of a capability. @throws E_NO_CAPABILITY */
export function contractOf(capability: string): Contract {
  const found = catalogue.find(({ name }) => name === capability);
  if (found === undefined)
    throw new Problem("E_NO_CAPABILITY", `No contract of ${capability} is published`, {
      next: `published are: ${catalogue.map(({ name }) => name).join(", ")}`,
    });
  const entry = capabilityEntry.parse(found);
  return { name: entry.name, version: entry.version, output: z.fromJSONSchema(entry.output) };
}
