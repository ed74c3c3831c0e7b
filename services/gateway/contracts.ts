import catalogue from "@jackfield/spec/catalogue.json" with { type: "json" };
import { capabilityEntry } from "@jackfield/spec/event/contract";
import { z } from "zod";
import { contractBroken } from "./serve-route.ts";

const schemas = new Map<string, z.ZodType>();

/** What a capability's answer must hold; undefined for one that no contract is published for. */
function outputOf(capability: string): z.ZodType | undefined {
  const made = schemas.get(capability);
  if (made !== undefined) return made;
  const entry = catalogue.find(({ name }) => name === capability);
  if (entry === undefined) return undefined;
  const schema = z.fromJSONSchema(capabilityEntry.parse(entry).output);
  schemas.set(capability, schema);
  return schema;
}

/**
 * Outputs as the contract of the capability says them, before they are published: a runner can still correct them.
 * @throws Problem E_INVALID that names the field.
 */
export function checkedOutputs(capability: string, outputs: unknown): Record<string, unknown> {
  const said = outputs ?? {};
  const result = outputOf(capability)?.safeParse(said);
  if (result?.success === false)
    throw contractBroken(`the answer to ${capability}`, result.error, "/outputs");
  // Every output contract is an object.
  return (result?.data ?? said) as Record<string, unknown>;
}
