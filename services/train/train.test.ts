import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { packTree, treeMediaType } from "@jackfield/executor/code-tree";
import { keepTable } from "@jackfield/service/keep-table";
import { openLog } from "@jackfield/service/log";
import { isRefused, type Answered, type Refused } from "@jackfield/service/on";
import type { Task } from "@jackfield/service/task";
import { train } from "@jackfield/spec/train";
import type { Descriptor, Table } from "@jackfield/spec/event/artifact";
import type { ProgressedData } from "@jackfield/spec/event/task";
import { readRows, writeRows } from "@jackfield/tables/rows";
import { trainModel } from "./train-model.ts";

/** The train service's handler on real artifacts and real processes; what it is asked is what the conductor would ask. */
let place: string;
let artifacts: Artifacts;
let dataset: { train: Table; test: Table };

const truth = { name: "weather", type: "string" as const };
const wind = { name: "wind", type: "number" as const };

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "jackfield-train-"));
  artifacts = await openArtifacts(`file://${place}/artifacts`);
  const rows = Array.from({ length: 12 }, (_, index) => ({
    __row_id: `0${index}`,
    wind: index / 2,
    weather: index % 2 === 0 ? "01" : "1",
  }));
  const keep = (name: string, from: number, to: number): Promise<Table> =>
    keepTable(artifacts, name, (path) => writeRows(path, [wind, truth], rows.slice(from, to)));
  dataset = { train: await keep("train", 0, 8), test: await keep("test", 8, 12) };
});
afterAll(() => rm(place, { recursive: true, force: true }));

async function packed(script: string): Promise<Descriptor> {
  const folder = await mkdtemp(join(place, "code-"));
  await writeFile(join(folder, "train.mjs"), script);
  return artifacts.put((await packTree(folder)).bytes, { mediaType: treeMediaType });
}

const abort = new AbortController();
let attempts = 0;

function openTask(said: ProgressedData[], deadlineSeconds: number): Task {
  const refuse = (): never => {
    throw new Error("the train service does not ask for this");
  };
  attempts += 1;
  return {
    ...{ id: "aaaa/train", run: "aaaa", runname: "seattle-57", project: "weather", subproject: "seattle" },
    ...{ stage: undefined, capability: "train", attempt: attempts, role: "primary", trace: {}, artifacts },
    ...{ log: openLog({ service: "train", level: "silent" }), signal: abort.signal },
    deadline: new Date(Date.now() + deadlineSeconds * 1000),
    ...{ table: refuse, storeTable: refuse, store: refuse },
    progress: async (fraction, message, _metrics, more) => {
      said.push({
        ...more,
        ...(fraction !== undefined && { fraction }),
        ...(message !== undefined && { message }),
      });
    },
  };
}

interface Asked {
  command?: string;
  said?: ProgressedData[];
  deadlineSeconds?: number;
  memoryBytes?: number;
}

async function ask(script: string, asked: Asked = {}): Promise<Answered | Refused> {
  const [work, logs] = [join(place, "work"), join(place, "logs")];
  await mkdir(work, { recursive: true });
  const { memoryBytes } = asked;
  const handler = trainModel({
    ...{ artifacts, work, logs, environment: place, path: process.env["PATH"] ?? "" },
    ...(memoryBytes !== undefined && { memoryBytes }),
  });
  const input = train.input.parse({
    ...{ dataset, target: "weather", seed: 7, params: { trees: 3 }, code: await packed(script) },
    command: asked.command ?? "node train.mjs",
  });
  const answer = await handler(input, openTask(asked.said ?? [], asked.deadlineSeconds ?? 60));
  expect(await readdir(work), "nothing stays in the working folder").toEqual([]);
  return answer;
}

async function refusal(script: string, asked?: Asked): Promise<Refused> {
  const answer = await ask(script, asked);
  if (!isRefused(answer)) throw new Error("it should have been refused");
  return answer;
}

const good = `
import { readFileSync, writeFileSync, appendFileSync } from "node:fs";
const { JACKFIELD_OUT: out, JACKFIELD_IN_TEST_CSV: test, JACKFIELD_PROGRESS: progress } = process.env;
const ids = readFileSync(test, "utf8").trim().split("\\n").slice(1).map((line) => line.split(",")[0]);
const predict = (rows, name = "predictions.csv") => writeFileSync(out + "/" + name, ["__row_id,prediction,p_01,p_1", ...rows].join("\\n"));
const model = () => writeFileSync(out + "/model", "weights".repeat(100));
`;

describe("a command that works", () => {
  test("leaves model, predictions of every test row in their order, metrics, environment, logs", async () => {
    const said: ProgressedData[] = [];
    const answer = await ask(
      `${good} model(); predict(ids.reverse().map((id) => id + ",01,0.9,0.1"));
      appendFileSync(progress, '{"fraction":0.5,"message":"half","step":3,"lr":0.1}\\n');
      writeFileSync(out + "/metrics.json", '{"loss":0.25}'); writeFileSync(out + "/notes.txt", "n");
      console.log(process.argv.slice(2).join(" "), process.env.JACKFIELD_TASK);`,
      { command: `node train.mjs --trees {params.trees} --depth {params.depth=4} "{target}"`, said },
    );
    if (isRefused(answer)) throw answer.problem;
    const output = train.output.parse(answer.output);
    expect(answer).toMatchObject({ result: "pass", message: "model 1 kB" });
    expect(output).toMatchObject({
      metrics: { loss: 0.25 },
      environment: { rebuilt: false },
      predictions: { rows: 4 },
    });
    expect(output.files.map(({ name }) => name)).toEqual(["notes.txt"]);
    expect(await readRows(await artifacts.pathOf(output.predictions.digest))).toEqual(
      ["08", "09", "010", "011"].map((id) => ({ __row_id: id, prediction: "01", p_01: 0.9, p_1: 0.1 })),
    );
    expect(said).toEqual([{ fraction: 0.5, message: "half", step: 3, lr: 0.1 }]);
    const [log] = answer.logs;
    expect(Buffer.from(await artifacts.read(log!.digest)).toString()).toBe(
      "--trees 3 --depth 4 weather seattle-57/train\n",
    );
  });

  test("never sees the target of a test row, and finds its whole input in in/", async () => {
    const answer = await ask(`${good}
      const { JACKFIELD_IN: folder } = process.env;
      const task = JSON.parse(readFileSync(folder + "/task.json"));
      if (readFileSync(test, "utf8").includes("weather") || task.dataset.test.columns) process.exit(3);
      if (readFileSync(task.dataset.train.path).subarray(0, 4).toString() !== "PAR1") process.exit(4);
      if (JSON.parse(readFileSync(folder + "/params.json")).trees !== 3) process.exit(8);
      model(); predict(ids.map((id) => id + ",1,0,1"));`);
    expect(isRefused(answer) ? answer.problem : undefined).toBeUndefined();
  });

  test("may give its verdict: exit 5 is a fail with its reason", async () => {
    const answer = await ask(`${good} model(); predict(ids.map((id) => id + ",1,0,1"));
      console.error("loss does not go down"); process.exitCode = 5;`);
    expect(answer).toMatchObject({ result: "fail", message: "model 1 kB · loss does not go down" });
  });
});

describe("a command that does not work gives one problem that a person understands, and its logs", () => {
  test.each([
    ["crashes", `process.kill(process.pid, "SIGSEGV")`, "E_CRASHED", "node train.mjs was killed by SIGSEGV."],
    [
      "exits with an error",
      `throw new Error("no GPU")`,
      "E_EXIT",
      "node train.mjs exited with 1: Error: no GPU",
    ],
    ["leaves no model", `predict(ids)`, "E_NO_MODEL", "The command ended well but left no model."],
    [
      "leaves no predictions",
      `model()`,
      "E_NO_PREDICTIONS",
      "The command ended well but left no predictions.",
    ],
    [
      "predicts too few rows",
      `model(); predict(ids.slice(3).map((id) => id + ",1,0,1"))`,
      "E_ROWS_MISSING",
      "Predictions are missing for 3 of 4 test rows.",
    ],
    [
      "predicts a row twice",
      `model(); predict([...ids, ids[0]].map((id) => id + ",1,0,1"))`,
      "E_ROWS_MISSING",
      "Predictions do not name each test row exactly once",
    ],
    [
      "predicts a row that is not there",
      `model(); predict([...ids, "99"].map((id) => id + ",1,0,1"))`,
      "E_ROWS_MISSING",
      "Predictions name 1 rows that are not among the 4 test rows.",
    ],
    [
      "writes garbage",
      `model(); writeFileSync(out + "/predictions.csv", Buffer.from([0, 255, 1, 254, 0, 10]))`,
      "E_BAD_OUTPUT",
      "The predictions cannot be used",
    ],
    [
      "writes garbage as Parquet",
      `model(); writeFileSync(out + "/predictions.parquet", "no parquet")`,
      "E_BAD_OUTPUT",
      "The predictions cannot be used",
    ],
    [
      "leaves the ids out",
      `model(); writeFileSync(out + "/predictions.csv", "prediction\\n1\\n")`,
      "E_BAD_OUTPUT",
      "The predictions cannot be used: out/predictions.csv has no column __row_id",
    ],
    [
      "leaves predictions empty",
      `model(); predict(ids.map((id, i) => id + (i < 2 ? ",,0,1" : ",1,0,1")))`,
      "E_BAD_OUTPUT",
      "The predictions cannot be used: 2 of 4 rows have no prediction.",
    ],
  ])("one that %s", async (_what, script, code, message) => {
    const { problem, logs } = await refusal(`${good} console.error("I was here"); ${script}`);
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(message);
    expect(logs.map(({ name }) => name)).toContain("stderr.log");
  });

  test("one that hangs is ended before its deadline; its logs stay readable beside the data", async () => {
    const { problem } = await refusal(`console.error("still there"); setInterval(() => {}, 1000);`, {
      deadlineSeconds: 1.5,
    });
    expect(problem).toMatchObject({ code: "E_TIMEOUT" });
    expect(existsSync(problem.here ?? "")).toBe(true);
    expect(readFileSync(problem.here ?? "", "utf8")).toBe("still there\n");
  });

  test("one whose code asks for what is not there is told before it runs", async () => {
    expect((await refusal("", { command: "node train.mjs {in.data}" })).problem.code).toBe("E_PLACEHOLDER");
    expect((await refusal("", { command: "no-such-program" })).problem.code).toBe("E_COMMAND_NOT_FOUND");
  });
});
