import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { table } from "@jackfield/spec/event/artifact";
import { readAsCsv, settleTables } from "./text-tables.ts";

let folder: string;
let artifacts: Artifacts;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-text-"));
  artifacts = await openArtifacts(pathToFileURL(folder).href);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function settled(csv: string, more: object = {}) {
  const kept = await artifacts.put(Buffer.from(csv), { mediaType: "text/csv", name: "predictions.csv" });
  const outputs = { model: kept, predictions: { ...kept, ...more } };
  return { kept, outputs: await settleTables(artifacts, ["predictions"], outputs) };
}

test("a table that came as CSV is stored as one, and read back as the same text", async () => {
  const csv = "__row_id,prediction,p_rain\nb,rain,0.75\na,sun,0.1\n";
  const { kept, outputs } = await settled(csv);
  // Only where the contract has a table.
  expect(outputs["model"]).toEqual(kept);
  const stored = table.parse(outputs["predictions"]);
  expect(stored).toMatchObject({
    rows: 2,
    columns: [
      { name: "prediction", type: "string", nulls: 0 },
      { name: "p_rain", type: "number", nulls: 0 },
    ],
  });
  expect(await text(await readAsCsv(artifacts, stored.digest))).toBe(csv);
});

test("a runner may say a type that text does not show", async () => {
  const csv = "__row_id,prediction\na,007\n";
  const { outputs } = await settled(csv, { columns: [{ name: "prediction", type: "string" }] });
  const stored = table.parse(outputs["predictions"]);
  expect(stored.columns).toEqual([{ name: "prediction", type: "string", nulls: 0 }]);
  expect(await text(await readAsCsv(artifacts, stored.digest))).toBe(csv);
});

test.each([
  ["without __row_id", "id,prediction\na,sun\n", "E_NO_COLUMN"],
  ["with a row named twice", "__row_id,prediction\na,sun\na,rain\n", "E_DUPLICATE_KEY"],
])("a table %s is refused by name, so that the runner can correct it", async (_, csv, code) => {
  await expect(settled(csv)).rejects.toMatchObject({ code });
});

test("what is no table is not made to text", async () => {
  const { digest } = await artifacts.put(Buffer.from("a model"), { mediaType: "text/plain" });
  const before = await readdir(tmpdir());
  await expect(readAsCsv(artifacts, digest)).rejects.toMatchObject({ code: "E_SOURCE" });
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith("jackfield-csv-"));
  expect(left.filter((name) => !before.includes(name))).toEqual([]);
});
