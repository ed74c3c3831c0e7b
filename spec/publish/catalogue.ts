import type { CapabilityEntry } from "../event/contract.ts";
import { jsonSchema, type Language } from "./gather.ts";

/** The capabilities as the conductor and the gateway know them: the form that one published at run time has too. */
export const catalogueOf = (language: Language): CapabilityEntry[] =>
  language.capabilities.map(({ name, version, effects, publishes, tables, input, output }) => ({
    name,
    version,
    effects,
    publishes,
    tables,
    input: jsonSchema(input),
    output: jsonSchema(output),
  }));
