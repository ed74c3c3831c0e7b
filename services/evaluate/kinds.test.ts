import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { keepTable } from "@jackfield/service/keep-table";
import { evaluate } from "@jackfield/spec/evaluate";
import type { Table } from "@jackfield/spec/event/artifact";
import { readRows, writeRows } from "@jackfield/tables/rows";
import { judgePredictions } from "./judge-predictions.ts";

let folder: string;
let artifacts: Artifacts;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-evaluate-kinds-"));
  artifacts = await openArtifacts(`file://${folder}/artifacts`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Values by column → a table whose rows are named by their number. */
function stored(columns: Record<string, readonly (string | number)[]>): Promise<Table> {
  const typed = Object.entries(columns).map(([name, values]) => ({
    name,
    type: values.every((value) => typeof value === "number") ? ("number" as const) : ("string" as const),
  }));
  const rows = Object.values(columns)[0]?.map((_, row) => ({
    __row_id: String(row),
    ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]])),
  }));
  return keepTable(artifacts, "table", (to) => writeRows(to, typed, rows ?? []));
}

type Input = Partial<z.input<typeof evaluate.input>> & { predictions: Table; truth: Table };

async function judged(input: Input): Promise<z.output<typeof evaluate.output>> {
  const asked = evaluate.input.parse({ target: "y", ...input });
  return evaluate.output.parse((await judgePredictions({ artifacts })(asked)).output);
}

const near = (value: number): unknown => expect.closeTo(value, 9);

describe("evaluate", () => {
  test("measures a forecast by the naive one of train and by its quantiles", async () => {
    const prediction = [2.5, 0, 2, 8];
    const truth = await stored({ y: [3, -0.5, 2, 7] });
    const quantiles = { "q_0.1": [2, -1, 1, 6], "q_0.9": prediction };
    const predictions = await stored({ prediction, ...quantiles });
    const naive = { column: "date", season: 1, mae: 2, mse: 6 };
    const output = await judged({
      predictions,
      truth,
      usual: { mean: 0, median: 2.5, naive },
      gate: { mase: "< 1", pinball: "<= 0.15", coverage: ">= 0.5" },
    });
    expect(output.verdict).toBe("pass");
    expect(output.metrics).toMatchObject({
      mase: 0.25,
      rmsse: 0.25,
      coverage: 0.75,
      intervalWidth: near(1.125),
    });
    const [first] = await readRows(await artifacts.pathOf(output.results.digest));
    expect(first).toMatchObject({ target: 3, prediction: 2.5, "q_0.1": 2, "q_0.9": 2.5 });
    expect(output.baseline).toEqual({ metric: "mae", value: near(2.125), answers: ["2.500"] });
  });

  test("ranks the rows of each query, and compares with an order that knows nothing", async () => {
    const truth = await stored({ y: [1, 0, 0, 0, 0, 1], query: ["a", "a", "a", "b", "b", "b"] });
    const predictions = await stored({ prediction: [0.75, 0.5, 1, 1, 0.2, 0.1] });
    const output = await judged({
      predictions,
      truth,
      query: "query",
      gate: { meanAveragePrecision: ">= 0.4" },
    });
    expect(output).toMatchObject({ family: "ranking", verdict: "pass" });
    expect(output.metrics).toMatchObject({ meanAveragePrecision: near(0.4166666667) });
    const blind = (1 + 1 / Math.log2(3) + 0.5) / 3;
    expect(output.baseline).toEqual({ metric: "ndcg", value: near(blind), answers: ["the same score"] });
    const results = await readRows(await artifacts.pathOf(output.results.digest));
    expect(results.map((row) => row["rank"])).toEqual([2, 3, 1, 1, 2, 3]);
    await expect(judged({ predictions, truth, query: "y", target: "query" })).rejects.toMatchObject({
      code: "E_TYPE",
    });
  });

  test("says how often a model was right where it was how sure", async () => {
    const truth = await stored({ y: ["no", "no", "yes", "yes", "yes"] });
    const predictions = await stored({
      prediction: ["no", "no", "yes", "yes", "yes"],
      p_yes: [0.25, 0.25, 0.55, 0.75, 0.75],
    });
    const { metrics, reliability } = await judged({ predictions, truth, gate: { ece: "<= 0.3" } });
    expect(metrics["ece"]).toEqual(near(0.29));
    expect(reliability?.map(({ from, rows, said, was }) => [from, rows, said, was])).toEqual([
      [0.2, 2, 0.25, 0],
      [0.5, 1, 0.55, 1],
      [0.7, 2, 0.75, 1],
    ]);
  });
});
