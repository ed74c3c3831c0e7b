// The programs of the guide "Plug in your tool" pass the conformance suite, as it says.
import { delimiter } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pythonForThisFile } from "../bed/python.ts";
import { follow, folderOfGuide, usualPath } from "./guide.ts";

const python = pythonForThisFile("requirements");

/** The checks that failed, with their reasons. */
async function failed(program: string, path = usualPath): Promise<unknown[]> {
  const { shown } = await follow(`handle train --test -- ${program}`, { folder, path });
  const { checks } = shown as { checks: { outcome: string }[] }; // the report of our own command
  expect(checks.length).toBeGreaterThan(30);
  return checks.filter(({ outcome }) => outcome === "fail");
}

let folder: string;

beforeAll(async () => {
  folder = await folderOfGuide();
});

test.each(["bash", "npx tsx"])("the program for %s", { timeout: 300_000 }, async (program) => {
  expect(await failed(program)).toEqual([]);
});

test("the program for python, where it is at hand", { timeout: 300_000 }, async (context) => {
  expect(await failed("python", [python(context).bin, usualPath].join(delimiter))).toEqual([]);
});
