import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { TestContext } from "vitest";
import addFormats, { type FormatsPlugin } from "ajv-formats";

// The package is CommonJS: its function is the default export's default.
const withFormats = (addFormats as unknown as { default: FormatsPlugin }).default;

/** The schemas that others published lie beside the clone and are not part of it. */
const folder = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

/** Are the official schemas of this standard at hand? */
export const isAtHand = (standard: string): boolean => existsSync(join(folder, standard));

/** For a test or its `beforeEach`: skips, with the reason, where the schemas are not at hand. */
export const skipWithout =
  (standard: string) =>
  ({ skip }: Pick<TestContext, "skip">): void => {
    if (!isAtHand(standard)) skip(`the official schemas of ${standard} do not lie beside this clone`);
  };

/** Of every schema below the folder of a standard, by `$id`: what is wrong with a value, or nothing. */
export function officialSchemas(standard: string): (id: string, value: unknown) => string | undefined {
  // A closed schema with `default` and `contentEncoding` is what CDEvents writes; neither is an error.
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  withFormats(ajv);
  const root = join(folder, standard);
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" }))
    if (path.endsWith(".json")) ajv.addSchema(JSON.parse(readFileSync(join(root, path), "utf8")) as object);
  return (id, value) =>
    ajv.validate(id, value)
      ? undefined
      : ajv.errorsText(ajv.errors, { dataVar: JSON.stringify(value).slice(0, 400) });
}
