import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { defaultsTable } from "./defaults.ts";

test("The README prints every default, as the code has it", async () => {
  const readme = await readFile(new URL("./README.md", import.meta.url), "utf8");
  const rows = readme.split("\n").filter((line) => line.startsWith("| `"));
  expect(
    rows.map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  ).toEqual(defaultsTable.map(([key, value, remark]) => [`\`${key}\``, value, remark]));
});
