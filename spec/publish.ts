import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { asyncApi } from "./publish/async-api.ts";
import { gather } from "./publish/gather.ts";
import { catalogueOf } from "./publish/catalogue.ts";
import { examplesOf } from "./publish/examples.ts";
import { openApi } from "./publish/open-api.ts";
import { schemasOf } from "./publish/schemas.ts";
import { typesOf } from "./publish/types.ts";

// `npm run spec` writes spec/published anew; with --check it only compares, and fails where code and files differ.

const folder = fileURLToPath(new URL("./published/", import.meta.url));

async function everyFile(): Promise<Map<string, string>> {
  const language = await gather();
  const files: Record<string, unknown> = {
    "catalogue.json": catalogueOf(language),
    "asyncapi.json": asyncApi(language),
    "openapi.json": openApi(language),
    "types.json": typesOf(language),
    ...schemasOf(language),
    ...examplesOf(language),
  };
  return new Map(Object.entries(files).map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]));
}

async function committed(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
}

async function differences(files: Map<string, string>): Promise<string[]> {
  const stale = (await committed())
    .filter((name) => !files.has(name))
    .map((name) => `${name} is not generated any more`);
  const changed: string[] = [];
  for (const [name, text] of files)
    if ((await readFile(join(folder, name), "utf8").catch(() => undefined)) !== text)
      changed.push(`${name} is out of date`);
  return [...stale, ...changed];
}

const files = await everyFile();
if (process.argv.includes("--check")) {
  const found = await differences(files);
  for (const difference of found) console.error(`spec/published/${difference}`);
  if (found.length > 0) console.error("next   npm run spec, then commit spec/published");
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  console.log(`${files.size} files written to spec/published`);
}
