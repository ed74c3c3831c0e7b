import { readdir, readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats, { type FormatsPlugin } from "ajv-formats";
import { expect, test } from "vitest";
import { parseType } from "@jackfield/spec/event/type";
import { asyncApi } from "../spec/publish/async-api.ts";
import { openApi } from "../spec/publish/open-api.ts";
import { gather } from "../spec/publish/gather.ts";

// The package is CommonJS: its function is the default export's default.
const withFormats = (addFormats as unknown as { default: FormatsPlugin }).default;
const published = new URL("../spec/published/", import.meta.url);
const read = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(new URL(name, published), "utf8")) as Record<string, unknown>;

test("every published example keeps the published schemas of its envelope and its data", async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { base64: true } });
  withFormats(ajv);
  const envelope = ajv.compile(await read("schemas/cloud-event.json"));
  const names = await readdir(new URL("examples/", published));
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const event = await read(`examples/${name}`);
    const type = parseType(String(event["type"]));
    const data = await read(`schemas/${type?.subject}.${type?.predicate}.json`);
    expect(envelope(event), `${name}: ${ajv.errorsText(envelope.errors)}`).toBe(true);
    expect(ajv.validate(data, event["data"]), `${name}: ${ajv.errorsText()}`).toBe(true);
  }
});

test("a schema refuses what breaks the contract", async () => {
  const ajv = new Ajv2020({ strict: false, formats: { base64: true } });
  withFormats(ajv);
  const requested = await read("schemas/fetch.requested.json");
  expect(ajv.validate(requested, { inputs: { source: {} } })).toBe(false);
});

test.each([
  ["AsyncAPI", asyncApi],
  ["OpenAPI", openApi],
])("every reference inside the %s document leads somewhere", async (_, make) => {
  const document = make(await gather());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"(#[^"]+)"/g)].map(
    ([, reference]) => reference ?? "",
  );
  expect(references.length).toBeGreaterThan(10);
  for (const reference of new Set(references)) expect(resolve(document, reference), reference).toBeDefined();
});

function resolve(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split("/")
    .reduce<unknown>((place, name) => (place as Record<string, unknown> | undefined)?.[name], document);
}
