// The programs of the guide "Plug in your tool" pass the conformance suite, as it says.
import { delimiter } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pythonForThisFile } from "../bed/python.ts";
import { follow, folderOfGuide, usualPath } from "./guide.ts";

const python = pythonForThisFile("requirements");
const passed = { exit: 0, shown: { verdict: "pass", failed: 0 } };

let folder: string;
beforeAll(async () => {
  folder = await folderOfGuide();
});

test.each(["bash", "npx tsx"])("the program for %s", { timeout: 300_000 }, async (program) => {
  expect(await follow(`handle train --test -- ${program}`, { folder })).toMatchObject(passed);
});

test("the program for python, where it is at hand", { timeout: 300_000 }, async (context) => {
  const path = [python(context).bin, usualPath].join(delimiter);
  expect(await follow("handle train --test -- python", { folder, path })).toMatchObject(passed);
});
