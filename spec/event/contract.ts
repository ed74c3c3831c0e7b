import { z } from "zod";
import { eventType } from "./type.ts";

/** A fact: something that happened, said once, addressed to nobody. */
export interface Fact<Data extends z.ZodType = z.ZodType> {
  subject: string;
  predicate: string;
  version: string;
  type: string;
  data: Data;
  /** One example of `data`, published and checked. */
  example: unknown;
}

/** Declares a fact; its type follows from subject, predicate and version. */
export function fact<Data extends z.ZodType>(
  name: string,
  parts: { version?: string; data: Data; example: z.input<Data> },
): Fact<Data> {
  const [subject = "", predicate = ""] = name.split(".");
  const version = parts.version ?? "1.0.0";
  return {
    subject,
    predicate,
    version,
    type: eventType(subject, predicate, version),
    data: parts.data,
    example: parts.example,
  };
}

/** A fact that the conductor publishes from a counted answer: each field is a JSON Pointer (RFC 6901) into the outputs. */
export const publication = z.object({
  fact: z.string(),
  /** What the fact is about: the run, or a value in the outputs. */
  resource: z.string(),
  version: z.string(),
  data: z.record(z.string(), z.string()),
});

export type Publication = z.output<typeof publication>;

/** A verb with a typed contract. The subject of its events is its name. */
export interface Capability<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  name: string;
  version: string;
  /** `external`: something outside changes, so no shadow, no cache, no blind retry. */
  effects: "none" | "external";
  input: Input;
  output: Output;
  publishes: Publication[];
  /** Outputs that are tables; a handler may return rows there, and the SDK stores them. */
  tables: string[];
  example: { input: unknown; output: unknown };
}

export interface CapabilityParts<Input extends z.ZodType, Output extends z.ZodType> {
  version?: string;
  effects?: "none" | "external";
  input: Input;
  output: Output;
  publishes?: Publication[];
  tables?: string[];
  example: { input: z.input<Input>; output: z.input<Output> };
}

/** Declares a capability; what is not said has the ordinary value. */
export const capability = <Input extends z.ZodType, Output extends z.ZodType>(
  name: string,
  parts: CapabilityParts<Input, Output>,
): Capability<Input, Output> => ({
  name,
  version: parts.version ?? "1.0.0",
  effects: parts.effects ?? "none",
  input: parts.input,
  output: parts.output,
  publishes: parts.publishes ?? [],
  tables: parts.tables ?? [],
  example: parts.example,
});

/** What the conductor and the gateway know of a capability at run time; built-in and published ones look the same. */
export const capabilityEntry = z
  .object({
    name: z.string(),
    version: z.string(),
    effects: z.enum(["none", "external"]),
    publishes: z.array(publication),
    tables: z.array(z.string()),
    input: z.record(z.string(), z.unknown()),
    output: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "CapabilityEntry" });

export type CapabilityEntry = z.output<typeof capabilityEntry>;
