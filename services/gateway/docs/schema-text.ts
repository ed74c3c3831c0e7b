/** What is read of a JSON Schema (2020-12). */
export interface Schema {
  $ref?: string;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  const?: unknown;
  enum?: readonly unknown[];
  type?: string | readonly string[];
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: Schema | boolean;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

/**
 * A JSON Schema as people read it: `{ run: string, subproject?: string }`. Named schemas are kept as `#Name`, which the
 * page makes a link. Limits and patterns stand behind a type in parentheses.
 */
export function schemaText(schema: Schema, indent = ""): string {
  const { $ref, enum: values, type } = schema;
  const choices = schema.anyOf ?? schema.oneOf;
  if ($ref !== undefined) return `#${$ref.split("/").at(-1) ?? ""}`;
  if ("const" in schema) return JSON.stringify(schema.const);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (choices !== undefined) return choices.map((choice) => schemaText(choice, indent)).join(" | ");
  if (type === "array") return `[${schemaText(schema.items ?? {}, indent)}, …]`;
  if (type === "object") return objectText(schema, indent);
  const types = typeof type === "string" ? [type] : (type ?? ["any JSON"]);
  return `${types.join(" | ")}${limits(schema)}`;
}

function objectText(
  { properties = {}, required = [], additionalProperties }: Schema,
  indent: string,
): string {
  const inside = `${indent}  `;
  const lines = Object.entries(properties).map(
    ([name, property]) =>
      `${inside}${name}${required.includes(name) ? "" : "?"}: ${schemaText(property, inside)}`,
  );
  if (typeof additionalProperties === "object")
    lines.push(`${inside}<any name>: ${schemaText(additionalProperties, inside)}`);
  return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent}}`;
}

const told = ["format", "pattern", "minLength", "maxLength", "minimum", "maximum"] as const;

function limits(schema: Schema): string {
  const said = told.flatMap((name) => (schema[name] === undefined ? [] : [`${name} ${schema[name]}`]));
  return said.length === 0 ? "" : ` (${said.join(", ")})`;
}
