import { readdir } from "node:fs/promises";
import { z } from "zod";
import type { Capability, Fact } from "../event/contract.ts";
import type { Route } from "../http/route.ts";

/** Everything that the folders declare; a new file in one of them is found without being named anywhere. */
export interface Language {
  capabilities: Capability[];
  facts: Fact[];
  routes: Route[];
}

export async function gather(): Promise<Language> {
  return {
    capabilities: await valuesIn("capabilities", isCapability),
    facts: await valuesIn("facts", isFact),
    routes: await valuesIn("http", isRoute),
  };
}

async function valuesIn<Value>(folder: string, is: (value: unknown) => value is Value): Promise<Value[]> {
  const place = new URL(`../${folder}/`, import.meta.url);
  const names = (await readdir(place))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .sort();
  const modules = await Promise.all(
    names.map((name) => import(new URL(name, place).href) as Promise<object>),
  );
  return modules.flatMap((module): unknown[] => Object.values(module)).filter(is);
}

const has = (value: unknown, ...names: string[]): boolean =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

const isCapability = (value: unknown): value is Capability =>
  has(value, "name", "effects", "input", "output");
const isFact = (value: unknown): value is Fact => has(value, "subject", "predicate", "type", "data");
const isRoute = (value: unknown): value is Route => has(value, "method", "path", "answer");

/** zod → JSON Schema of what may be sent. Input mode, so that fields may be added later. */
export function jsonSchema(
  schema: z.ZodType,
  target: "draft-2020-12" | "draft-7" = "draft-2020-12",
): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: "input", target, unrepresentable: "any", reused: "inline" });
}

/** The named schemas of one document, which its parts refer to. */
export type Components = Record<string, unknown>;

/**
 * zod → a schema inside a document: what has a name moves to the document's components, and references follow it.
 * The dialect is the document's own.
 */
export function schemaInside(
  components: Components,
  schema: z.ZodType,
  target: "draft-2020-12" | "draft-7",
): unknown {
  const { $schema: _dialect, $defs, definitions, ...rest } = jsonSchema(schema, target);
  for (const [name, named] of Object.entries({ ...(definitions as Components), ...($defs as Components) }))
    components[name] ??= withReferences(named);
  return withReferences(rest);
}

const withReferences = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema).replaceAll(/"#\/(?:\$defs|definitions)\//g, '"#/components/schemas/'));
