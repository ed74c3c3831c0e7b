import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { keepTable } from "@jackfield/service/keep-table";
import { split } from "@jackfield/spec/split";
import type { Table } from "@jackfield/spec/event/artifact";
import type { Row } from "@jackfield/tables/duck";
import { importTable } from "@jackfield/tables/import-table";
import { readRows } from "@jackfield/tables/rows";
import { splitRows } from "./split-rows.ts";

const weatherFile = fileURLToPath(
  new URL("../../examples/weather/data/seattle-weather.csv", import.meta.url),
);
const seasons = [{ name: "season", column: "date", by: "season" as const }];

let folder: string;
let artifacts: Artifacts;
let weather: Table;

const imported = (path: string, key: string[] = []): Promise<Table> =>
  keepTable(artifacts, "data", (to) => importTable({ path, called: "data", format: "csv" }, { key }, to));

async function table(csv: string, key?: string[]): Promise<Table> {
  const path = join(folder, "data.csv");
  await writeFile(path, csv);
  return imported(path, key);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-split-"));
  artifacts = await openArtifacts(`file://${folder}/artifacts`);
  weather = await imported(weatherFile);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Answer = { output: z.output<typeof split.output>; message: string | undefined };

async function answer(input: z.input<typeof split.input>): Promise<Answer> {
  const { output, message } = await splitRows({ artifacts })(split.input.parse(input));
  return { output: split.output.parse(output), message };
}

const rowsOf = async (part: Table): Promise<Row[]> => readRows(await artifacts.pathOf(part.digest));
const idsOf = async (part: Table): Promise<unknown[]> => (await rowsOf(part)).map((row) => row["__row_id"]);

const byYear = { method: "column" as const, column: "date", test: "2015-01-01.." };

describe("split", () => {
  test("parts four years of weather by date: 1096 days to train, 365 to test, none in both", async () => {
    const { output, message } = await answer({
      dataset: weather,
      rule: byYear,
      target: "weather",
      seed: 7,
      slices: seasons,
    });
    expect(message).toBe("1096 train + 365 test, no row in both");
    expect(output.leakage).toMatchObject({
      rows: { train: 1096, test: 365, left: 0 },
      twins: 0,
      time: { column: "date", train: ["2012-01-01", "2014-12-31"], test: ["2015-01-01", "2015-12-31"] },
    });
    expect(output.leakage.classes?.["sun"]?.train).toBe(640 - (output.leakage.classes?.["sun"]?.test ?? 0));
    expect(output.usual).toEqual({ classes: ["rain"] });
    const [train, test] = [await idsOf(output.parts.train), await idsOf(output.parts.test)];
    expect(new Set([...train, ...test]).size).toBe(1461);
  });

  test("says what needs no model: mean, median, and how far a day lies from the one before", async () => {
    const input = { dataset: weather, target: "temp_max", seed: 7 };
    const usual = (await answer({ ...input, rule: byYear, season: 7 })).output.usual;
    const days = (await rowsOf(weather))
      .filter((day) => String(day["date"]) < "2015")
      .map((day) => Number(day["temp_max"]));
    const errors = days.slice(7).map((day, place) => Math.abs(day - days[place]!));
    const mae = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    expect(usual.median).toBe(
      [...days]
        .sort((a, b) => a - b)
        .slice(547, 549)
        .reduce((a, b) => (a + b) / 2),
    );
    expect(usual.naive).toMatchObject({ column: "date", season: 7, mae: expect.closeTo(mae, 9) as unknown });
    const drawn = await answer({ ...input, rule: { method: "quota", test: 0.2 } });
    expect(drawn.output.usual).not.toHaveProperty("naive");
  });

  test("never shows the target of a test row to a trainer, and keeps it for the judge", async () => {
    const { output } = await answer({
      dataset: weather,
      rule: byYear,
      target: "weather",
      seed: 7,
      slices: seasons,
    });
    const names = (part: Table): string[] => part.columns.map(({ name }) => name);
    expect(names(output.parts.train)).toContain("weather");
    expect(names(output.parts.test)).toEqual(["date", "precipitation", "temp_max", "temp_min", "wind"]);
    expect(Object.keys((await rowsOf(output.parts.test))[0] ?? {})).not.toContain("weather");
    expect(names(output.truth)).toEqual(["weather", "date"]);
    expect(await idsOf(output.truth)).toEqual(await idsOf(output.parts.test));
  });

  test("gives the same bytes for the same rows, rule and seed, and others for another seed", async () => {
    const drawn = async (seed: number): Promise<string> => {
      const rule = { method: "quota" as const, test: 0.2, stratify: "weather" };
      return (await answer({ dataset: weather, rule, target: "weather", seed })).output.parts.test.digest;
    };
    expect(await drawn(7)).toBe(await drawn(7));
    expect(await drawn(7)).not.toBe(await drawn(8));
  });

  test("asked for nothing takes time order where one column tells the time of each row, and says so", async () => {
    const { output, message } = await answer({
      dataset: weather,
      rule: { method: "auto", test: 0.2 },
      target: "weather",
      seed: 7,
    });
    expect(message).toBe("1168 train + 293 test (80/20 by time of date), no row in both");
    expect(output.leakage.time?.test[0]).toBe("2015-03-14");
  });

  test("asked for nothing keeps the shares of classes where there is no time", async () => {
    const rows = Array.from({ length: 50 }, (_, row) => `${row},${row % 5 === 0 ? "rare" : "usual"}`);
    const data = await table(["x,kind", ...rows].join("\n"));
    const { output, message } = await answer({
      dataset: data,
      rule: { method: "auto", test: 0.2 },
      target: "kind",
      seed: 7,
    });
    expect(message).toBe("40 train + 10 test (80/20 stratified by kind), no row in both");
    expect(output.leakage.classes).toEqual({ rare: { train: 8, test: 2 }, usual: { train: 32, test: 8 } });
  });

  test("by hash keeps all rows of one key on one side", async () => {
    const rows = Array.from({ length: 200 }, (_, row) => `${row},station ${row % 20},${row % 2}`);
    const data = await table(["x,station,y", ...rows].join("\n"));
    const { output } = await answer({
      dataset: data,
      rule: { method: "hash", test: 0.3, key: "station" },
      target: "y",
      seed: 7,
    });
    const stations = async (part: Table): Promise<unknown[]> =>
      (await rowsOf(part)).map((row) => row["station"]);
    const trained = new Set(await stations(output.parts.train));
    expect((await stations(output.parts.test)).filter((station) => trained.has(station))).toEqual([]);
  });

  test("counts equal rows on both sides, and leaves rows without a target out of both", async () => {
    const data = await table("half,x,y\na,1,u\na,2,v\nb,1,u\nb,3,\n");
    const { output, message } = await answer({
      dataset: data,
      rule: { method: "column", column: "half", test: "b" },
      target: "y",
      seed: 7,
    });
    expect(message).toBe("2 train + 1 test, no row in both, 1 left out");
    expect(output.leakage.rows.left).toBe(1);
    const twins = await table("x,y\n1,u\n1,u\n1,u\n1,u\n");
    const drawn = await answer({
      dataset: twins,
      rule: { method: "quota", test: 0.5 },
      target: "y",
      seed: 7,
    });
    expect(drawn.message).toBe("2 train + 2 test, 2 test rows have twins in train");
  });

  test.each([
    [{ ...byYear, column: "dat" }, "weather", "E_NO_COLUMN", "Did you mean date?"],
    [byYear, "wether", "E_NO_COLUMN", "Did you mean weather?"],
    [{ ...byYear, test: "2016-01-01.." }, "weather", "E_SPLIT_EMPTY", "change `split:`"],
    [{ ...byYear, train: "..2015-06-30" }, "weather", "E_LEAK", "let the ranges end"],
    [{ ...byYear, test: "soon.." }, "weather", "E_INVALID", "write a..b"],
  ])("refuses %j for target %s: %s", async (rule, target, code, next) => {
    await expect(answer({ dataset: weather, rule, target, seed: 7 })).rejects.toMatchObject({
      code,
      next: expect.stringContaining(next) as unknown,
    });
  });
});
