import { readFile, writeFile } from "node:fs/promises";
import { loadVerbs } from "./find-verb.ts";
import { verbTable } from "./help.ts";

/** Writes the table of verbs into the README: `npx tsx libs/client/write-readme.ts`. */
const file = new URL("./README.md", import.meta.url);
const table = verbTable(await loadVerbs());
const readme = await readFile(file, "utf8");
await writeFile(
  file,
  readme.replace(
    /(<!-- verbs[^\n]*\n)[^]*?(\nEvery verb has)/,
    (_all, head: string, tail: string) => `${head}\n${table}\n${tail}`,
  ),
);
