import { readdir, readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { expect, test } from "vitest";
import { parseType } from "@jackfield/spec/event/type";
import { asyncApi } from "../spec/publish/async-api.ts";
import { gather } from "../spec/publish/gather.ts";

const published = new URL("../spec/published/", import.meta.url);
const read = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(new URL(name, published), "utf8")) as Record<string, unknown>;

test("every published example keeps the published schemas of its envelope and its data", async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const names = await readdir(new URL("examples/", published));
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const event = await read(`examples/${name}`);
    const type = parseType(String(event["type"]));
    const envelope = await read("schemas/cloud-event.json");
    const data = await read(`schemas/${type?.subject}.${type?.predicate}.json`);
    expect(ajv.validate(envelope, event), `${name}: ${ajv.errorsText()}`).toBe(true);
    expect(ajv.validate(data, event["data"]), `${name}: ${ajv.errorsText()}`).toBe(true);
  }
});

test("a schema refuses what breaks the contract", async () => {
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  const requested = await read("schemas/fetch.requested.json");
  expect(ajv.validate(requested, { inputs: { source: {} } })).toBe(false);
});

test("every reference inside the AsyncAPI document leads somewhere", async () => {
  const document = asyncApi(await gather());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"(#[^"]+)"/g)].map(
    ([, reference]) => reference ?? "",
  );
  expect(references.length).toBeGreaterThan(50);
  for (const reference of new Set(references)) expect(resolve(document, reference), reference).toBeDefined();
});

function resolve(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split("/")
    .reduce<unknown>((place, name) => (place as Record<string, unknown> | undefined)?.[name], document);
}
