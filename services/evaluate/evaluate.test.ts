import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { keepTable } from "@jackfield/service/keep-table";
import { evaluate } from "@jackfield/spec/evaluate";
import type { Table } from "@jackfield/spec/event/artifact";
import type { Row } from "@jackfield/tables/duck";
import { importTable } from "@jackfield/tables/import-table";
import { readRows, writeRows } from "@jackfield/tables/rows";
import type { TypedColumn } from "@jackfield/tables/settle-types";
import { judgePredictions } from "./judge-predictions.ts";

const weatherFile = fileURLToPath(
  new URL("../../examples/weather/data/seattle-weather.csv", import.meta.url),
);
const bySeason = [{ name: "season", column: "date", by: "season" as const }];

let folder: string;
let artifacts: Artifacts;
/** The days of 2015: the truth that a split by date holds back. */
let year: { table: Table; rows: Row[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-evaluate-"));
  artifacts = await openArtifacts(`file://${folder}/artifacts`);
  const source = { path: weatherFile, called: "weather", format: "csv" as const };
  const rule = { where: "date >= '2015-01-01'", key: ["date"] };
  const table = await keepTable(artifacts, "truth", (to) => importTable(source, rule, to));
  year = { table, rows: await rowsOf(table) };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rowsOf = async (table: Table): Promise<Row[]> => readRows(await artifacts.pathOf(table.digest));

const stored = (columns: Record<string, TypedColumn["type"]>, rows: readonly Row[]): Promise<Table> => {
  const typed = Object.entries(columns).map(([name, type]) => ({ name, type }));
  return keepTable(artifacts, "predictions", (to) => writeRows(to, typed, rows));
};

const answersOf = (answer: (day: Row) => string): Row[] =>
  year.rows.map((day) => ({ __row_id: day["__row_id"] ?? null, prediction: answer(day) }));

interface Answer {
  output: z.output<typeof evaluate.output>;
  result: string;
  message: string | undefined;
}

async function judged(
  input: Partial<z.input<typeof evaluate.input>> & { predictions: Table },
): Promise<Answer> {
  const asked = evaluate.input.parse({ truth: year.table, target: "weather", ...input });
  const { output, result, message } = await judgePredictions({ artifacts })(asked);
  return { output: evaluate.output.parse(output), result, message };
}

/** A rule of thumb instead of a model: it rains, or the sun shines. */
const thumb = (day: Row): string => (Number(day["precipitation"]) > 0 ? "rain" : "sun");

describe("evaluate", () => {
  test("judges the weather of 2015 by season, against the gate and the best constant answer", async () => {
    const predictions = await stored({ prediction: "string" }, answersOf(thumb));
    const { output, result, message } = await judged({
      predictions,
      slices: bySeason,
      gate: { accuracy: ">= 0.80" },
      usual: { classes: ["rain"] },
    });
    const hits = year.rows.filter((day) => thumb(day) === day["weather"]).length;
    expect(output.metrics["accuracy"]).toBeCloseTo(hits / 365, 12);
    expect(message).toBe(`accuracy ${(hits / 365).toFixed(3)}`);
    expect([result, output.verdict, output.family, output.rows]).toEqual([
      "pass",
      "pass",
      "classification",
      365,
    ]);
    expect(output.baseline).toEqual({ metric: "accuracy", value: 144 / 365, answers: ["rain"] });
    expect(output.slices.map(({ value, rows }) => [value, rows])).toEqual([
      ["winter", 90],
      ["spring", 92],
      ["summer", 92],
      ["autumn", 91],
    ]);
    const weighted = output.slices.reduce(
      (sum, { rows, metrics }) => sum + rows * (metrics["accuracy"] ?? 0),
      0,
    );
    expect(weighted).toBeCloseTo(hits, 9);
    expect(output.absent["logLoss"]).toContain("no probabilities");
  });

  test("leaves a result a row: target, prediction, what was right, what it cost, and its slice", async () => {
    const sure = answersOf(thumb).map((row) => ({
      ...row,
      p_rain: row["prediction"] === "rain" ? 0.75 : 0.25,
      p_sun: row["prediction"] === "rain" ? 0.25 : 0.75,
    }));
    const predictions = await stored({ prediction: "string", p_rain: "number", p_sun: "number" }, sure);
    const { output } = await judged({ predictions: predictions, slices: bySeason });
    const results = await rowsOf(output.results);
    expect(results).toHaveLength(365);
    const first = year.rows.findIndex((day) => day["weather"] === "rain" && thumb(day) === "rain");
    expect(results[first]).toEqual({
      __row_id: year.rows[first]?.["__row_id"],
      target: "rain",
      prediction: "rain",
      correct: true,
      loss: -Math.log(0.75),
      p_rain: 0.75,
      p_sun: 0.25,
      slice_season: "winter",
    });
    const mean = results.reduce((sum, row) => sum + Number(row["loss"]), 0) / 365;
    expect(output.metrics["logLoss"]).toBeCloseTo(mean, 12);
  });

  test("fails a gate with the number that missed it, whatever the order of the predictions", async () => {
    const predictions = await stored({ prediction: "string" }, answersOf(() => "rain").reverse());
    const { output, result, message } = await judged({
      predictions,
      gate: { accuracy: ">= 0.80", mcc: ">= 0" },
    });
    expect([result, output.verdict]).toEqual(["fail", "fail"]);
    expect(message).toBe("accuracy 0.395 < 0.80");
    expect(output.gate).toEqual([
      { metric: "accuracy", condition: ">= 0.80", value: 144 / 365, pass: false },
      { metric: "mcc", condition: ">= 0", value: 0, pass: true },
    ]);
  });

  test("asks each slice with enough rows, and only warns where that is said", async () => {
    const predictions = await stored({ prediction: "string" }, answersOf(thumb));
    const spring = { name: "month", column: "date", by: "season" as const, atLeast: 92 };
    const gate = { accuracy: [{ is: ">= 0.99", warning: ">= 0.5", slices: "month" }], mcc: ">= 0" };
    const { output, result, message } = await judged({ predictions, slices: [spring], gate });
    const enough = output.slices.filter((slice) => slice.enough);
    expect(enough.map(({ value }) => value)).toEqual(["spring", "summer"]);
    const worst = [...enough].sort((a, b) => a.metrics["accuracy"]! - b.metrics["accuracy"]!)[0]!;
    const value = worst.metrics["accuracy"]!;
    expect(output.gate[0]).toEqual({
      metric: "accuracy",
      condition: ">= 0.99",
      value,
      pass: false,
      warning: true,
      slice: { name: "month", value: worst.value },
    });
    expect([result, output.verdict]).toEqual(["warning", "warning"]);
    expect(message).toBe(`accuracy of month ${worst.value} ${value.toFixed(3)} < 0.99`);
    const few = [{ ...spring, atLeast: 100 }];
    await expect(judged({ predictions, slices: few, gate })).rejects.toMatchObject({
      code: "E_METRIC",
      why: "no slice of month has enough rows and this metric",
    });
  });

  test("without a gate gives no verdict, and says so", async () => {
    const predictions = await stored(
      { prediction: "string" },
      answersOf(() => "rain"),
    );
    const { output, result, message } = await judged({ predictions, metrics: ["accuracy", "mae"] });
    expect([result, output.verdict]).toEqual(["pass", "none"]);
    expect(output.baseline).toEqual({ metric: "accuracy", value: 162 / 365, answers: ["sun"] });
    expect(message).toBe("accuracy 0.395, no gate and so no verdict");
    expect(Object.keys(output.metrics)).toEqual(["accuracy"]);
    expect(output.absent).toEqual({ mae: "it is a metric of regression, and this is classification" });
  });

  test("judges amounts: errors a row, and the better of mean and median as the baseline", async () => {
    const warmer = year.rows.map((day) => ({
      __row_id: day["__row_id"] ?? null,
      prediction: Number(day["temp_max"]) + 2,
    }));
    const predictions = await stored({ prediction: "number" }, warmer);
    const wind = [{ name: "wind", column: "wind", by: "quartile" as const }];
    const { output, message } = await judged({
      predictions,
      target: "temp_max",
      gate: { mae: "<= 2.5" },
      slices: wind,
    });
    expect(message).toBe("mae 2.000");
    expect(output.metrics).toMatchObject({
      mae: expect.closeTo(2, 9) as unknown,
      maxError: expect.closeTo(2, 9) as unknown,
    });
    const highest = year.rows.map((day) => Number(day["temp_max"])).sort((a, b) => a - b);
    const median = highest[182]!;
    expect(output.baseline).toEqual({
      metric: "mae",
      value: expect.closeTo(
        highest.reduce((sum, one) => sum + Math.abs(one - median), 0) / 365,
        9,
      ) as unknown,
      answers: [median.toFixed(3)],
    });
    expect(output.slices).toHaveLength(4);
    expect((await rowsOf(output.results))[0]).toMatchObject({ error: expect.closeTo(2, 9) as unknown });
  });

  test("takes no smaller test set: missing, doubled and strange rows are named", async () => {
    const rows = answersOf(thumb);
    const [first, second] = rows;
    const broken = [...rows.slice(4), first!, first!, { ...second!, __row_id: "2016-01-01" }];
    const predictions = await stored({ prediction: "string" }, broken);
    await expect(judged({ predictions })).rejects.toMatchObject({
      code: "E_ROWS_MISSING",
      message:
        "3 of 365 test rows have no prediction; 1 of 365 test rows are predicted more than once; " +
        "1 predictions are for rows that are not in the test table",
      why: "the first are 2015-01-02, 2015-01-03, 2015-01-04; it is 2015-01-01; it is 2016-01-01",
    });
  });

  test("refuses answers that are none, and says what it found", async () => {
    const numbers = year.rows.map((day, row) => ({ __row_id: day["__row_id"] ?? null, prediction: row % 3 }));
    const coded = await stored({ prediction: "integer" }, numbers);
    await expect(judged({ predictions: coded })).rejects.toMatchObject({
      code: "E_CLASS_UNSEEN",
      why: "the model answered 0, 1, 2; the target holds drizzle, fog, rain, sun",
    });
    const silent = answersOf(thumb).map((row, place) => (place === 3 ? { ...row, prediction: null } : row));
    await expect(
      judged({ predictions: await stored({ prediction: "string" }, silent) }),
    ).rejects.toMatchObject({
      code: "E_BAD_OUTPUT",
      message: "prediction is empty in 1 of 365 rows",
    });
    const unsure = answersOf(thumb).map((row) => ({ ...row, p_sun: 7 }));
    const overfull = await stored({ prediction: "string", p_sun: "integer" }, unsure);
    await expect(judged({ predictions: overfull })).rejects.toThrow(
      "p_sun of row 2015-01-01 is 7, no probability",
    );
    const nameless = await stored({ predicted: "string" }, answersOf(thumb));
    await expect(judged({ predictions: nameless })).rejects.toMatchObject({ code: "E_NO_COLUMN" });
    await expect(
      judged({ predictions: coded, target: "temp_max", gate: { accuracy: "> 0", mae: "< 9" } }),
    ).rejects.toMatchObject({
      code: "E_METRIC",
    });
  });
});
