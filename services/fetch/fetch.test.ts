import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { on } from "@jackfield/service/on";
import type { Task } from "@jackfield/service/task";
import { fetch as capability } from "@jackfield/spec/fetch";
import { readRows } from "@jackfield/tables/rows";
import { fetchData } from "./fetch-data.ts";
import { rootList } from "./roots.ts";

const seattle = new URL("../../examples/weather/data/seattle-weather.csv", import.meta.url);

let folder: string;
let artifacts: Artifacts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-fetch-"));
  artifacts = await openArtifacts(pathToFileURL(join(folder, "artifacts")).href);
  await writeFile(join(folder, "days.csv"), "day,rain\n2012-01-01,0\n2012-01-02,10.9\n");
});
afterAll(() => rm(folder, { recursive: true }));

const answer = z.object({ output: capability.output, message: z.string(), result: z.literal("pass") });

/** Through the contract in both directions, as on the stream. The handler uses nothing of the task. */
async function fetched(input: z.input<typeof capability.input>, roots: string[] = []) {
  const handler = on(capability, fetchData({ artifacts, roots }));
  return answer.parse(await handler.run(input, {} as Task));
}

const uploaded = async (bytes: Uint8Array | string) =>
  artifacts.put(Buffer.from(bytes), { mediaType: "text/csv", name: "data.csv" });

describe("the weather of Seattle", () => {
  test("becomes a data version with schema, row and null counts, row ids, and a line for people", async () => {
    const file = await uploaded(await readFile(seattle));
    const { output, message } = await fetched({ source: { from: "data/seattle-weather.csv" }, file });
    expect(message).toMatch(/^1461 rows × 6, data sha256:[0-9a-f]{4}…$/);
    expect(output).toMatchObject({ version: output.dataset.digest, key: ["content"] });
    expect(output.dataset).toMatchObject({
      mediaType: "application/vnd.apache.parquet",
      name: "seattle-weather.parquet",
      rows: 1_461,
      columns: [
        { name: "date", type: "date", nulls: 0 },
        { name: "precipitation", type: "number", nulls: 0 },
        { name: "temp_max", type: "number", nulls: 0 },
        { name: "temp_min", type: "number", nulls: 0 },
        { name: "wind", type: "number", nulls: 0 },
        { name: "weather", type: "string", nulls: 0 },
      ],
    });
    const rows = await readRows(await artifacts.pathOf(output.version));
    expect(new Set(rows.map((row) => row["__row_id"])).size).toBe(1_461);
    expect(rows[0]).toMatchObject({ date: "2012-01-01", temp_max: 12.8, temp_min: 5, weather: "drizzle" });
  });

  test("fetched again is the same data version; fetched by another rule it is another", async () => {
    const file = await uploaded(await readFile(seattle));
    const versionBy = async (source: object): Promise<string> =>
      (await fetched({ source: { from: "data/seattle-weather.csv", ...source }, file })).output.version;
    const [first, again, summers] = [
      await versionBy({}),
      await versionBy({}),
      await versionBy({ where: "month(date) IN (6, 7, 8)" }),
    ];
    expect(again).toBe(first);
    expect(summers).not.toBe(first);
  });

  test("can be declared, filtered, sorted, cut and keyed", async () => {
    const file = await uploaded(await readFile(seattle));
    const source = {
      from: "data/seattle-weather.csv",
      columns: { date: "date", precipitation: "number" } as const,
      where: "date < '2015-01-01' AND weather = 'snow'",
      sort: ["-precipitation"],
      limit: 2,
      key: "date",
    };
    const { output } = await fetched({ source, file });
    expect(output.key).toEqual(["date"]);
    const rows = await readRows(await artifacts.pathOf(output.version), ["__row_id", "precipitation"]);
    expect(rows).toEqual([
      { __row_id: "2012-03-15", precipitation: 23.9 },
      { __row_id: "2012-12-16", precipitation: 22.6 },
    ]);
  });
});

test("Parquet and JSON are known by their first bytes when the name does not tell", async () => {
  const csv = await fetched({ source: { from: "days.csv" }, file: await uploaded("a,b\n1,x\n") });
  const parquet = await uploaded(await artifacts.read(csv.output.version));
  const again = await fetched({ source: { from: "days", key: "__row_id" }, file: parquet });
  const json = await fetched({ source: { from: "days" }, file: await uploaded('[{"a":1,"b":"x"}]') });
  expect(again.output.version).toBe(csv.output.version);
  expect(json.output.version).toBe(csv.output.version);
});

describe("a bad source is a clear problem that names it", () => {
  test.each([
    ["E_SOURCE", "data/days.csv is empty.", "", {}],
    ["E_SOURCE", "data/days.csv cannot be read as CSV.", "a,b\n1\n", {}],
    [
      "E_NO_COLUMN",
      "data/days.csv has no column wether.",
      "weather\nsun\n",
      { columns: { wether: "string" as const } },
    ],
    ["E_NO_COLUMN", "data/days.csv has no column dat.", "date\n2012-01-01\n", { key: "dat" }],
    [
      "E_TYPE",
      "Column a of data/days.csv is declared date, but 1 of its values is not.",
      "a\nx\n",
      { columns: { a: "date" as const } },
    ],
    ["E_DUPLICATE_KEY", "Key a of data/days.csv names several rows in 1 case.", "a\n1\n1\n", { key: "a" }],
    ["E_FILTER", "The filter `where` is refused.", "a\n1\n", { where: "a = (SELECT 1)" }],
  ])("%s %s", async (code, message, content, rule) => {
    const input = { source: { from: "data/days.csv", ...rule }, file: await uploaded(content) };
    await expect(fetched(input)).rejects.toMatchObject({ code, message });
  });

  test("an upload that is gone is a trouble, for it may come back", async () => {
    const file = { mediaType: "text/csv", digest: `sha256:${"0".repeat(64)}`, size: 1 };
    await expect(fetched({ source: { from: "a.csv" }, file })).rejects.toMatchObject({
      code: "E_ARTIFACT_GONE",
      retriable: true,
    });
  });
});

describe("a path of the server", () => {
  test("is read inside the allowed folders", async () => {
    const { output } = await fetched({ source: { from: join(folder, "days.csv") } }, ["/nowhere", folder]);
    expect(output.dataset.rows).toBe(2);
  });

  test("is refused when no folder is allowed, with the setting that allows one", async () => {
    await expect(fetched({ source: { from: join(folder, "days.csv") } })).rejects.toMatchObject({
      code: "E_SOURCE_OUTSIDE",
      next: expect.stringContaining("JACKFIELD_FETCH_ROOTS") as string,
    });
  });

  test.each(["/etc/passwd", "/etc/no-such-file", "FOLDER/../passwd", "FOLDER-beside/days.csv", "FOLDER"])(
    "%s is outside",
    async (path) => {
      const from = path.replace("FOLDER", folder);
      await expect(fetched({ source: { from } }, [folder])).rejects.toMatchObject({
        code: "E_SOURCE_OUTSIDE",
      });
    },
  );

  test("that is a link to the outside is outside", async () => {
    await symlink("/etc/passwd", join(folder, "link.csv"));
    await expect(fetched({ source: { from: join(folder, "link.csv") } }, [folder])).rejects.toMatchObject({
      code: "E_SOURCE_OUTSIDE",
    });
  });

  test("that is a folder, missing, relative, or a URL is a bad source", async () => {
    for (const from of [
      join(folder, "artifacts"),
      join(folder, "no.csv"),
      "data/days.csv",
      "s3://bucket/days.csv",
    ]) {
      await expect(fetched({ source: { from } }, [folder]), from).rejects.toMatchObject({ code: "E_SOURCE" });
    }
  });
});

test("the setting holds absolute folders only", () => {
  expect(rootList.parse(undefined)).toEqual([]);
  expect(rootList.parse("/data:/more")).toEqual(["/data", "/more"]);
  expect(rootList.safeParse("data").success).toBe(false);
});
