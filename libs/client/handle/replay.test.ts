import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf } from "@jackfield/spec/event/canonical";
import { sampleTask, type SampleTask } from "../conformance/sample-task.ts";
import type { Call } from "../verb.ts";
import { readPredictions } from "./predictions.ts";
import { replayTask } from "./replay.ts";

const program = `
import { readFileSync, writeFileSync } from "node:fs";
const { JACKFIELD_IN_TEST_CSV, JACKFIELD_OUT } = process.env;
const [, ...rows] = readFileSync(JACKFIELD_IN_TEST_CSV, "utf8").trim().split("\\n").map((line) => line.split(","));
const says = (index) => (index < Number(process.argv[2] ?? 0) ? "rain" : "sun");
writeFileSync(JACKFIELD_OUT + "/model", "sun");
writeFileSync(JACKFIELD_OUT + "/predictions.csv", "__row_id,prediction\\n" + rows.map(([id], index) => id + "," + says(index) + "\\n").join(""));
`;

let folder: string;
let sample: SampleTask;
let outputs: Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-replayed-"));
  await writeFile(join(folder, "train.mjs"), program);
  sample = await sampleTask();
  const csv = join(folder, "predictions.csv");
  await writeFile(csv, `__row_id,prediction\n${sample.testIds.map((id) => `${id},sun\n`).join("")}`);
  const { bytes, rows, columns } = await readPredictions({ csv }, sample.testIds);
  sample.blobs.set(digestOf(bytes), bytes);
  const predictions = { digest: digestOf(bytes), size: bytes.length, rows: rows.length, columns };
  const media = { mediaType: "application/vnd.apache.parquet", name: "predictions" };
  const model = { digest: digestOf("sun"), size: 3, mediaType: "application/octet-stream", name: "model" };
  outputs = { model, predictions: { ...media, ...predictions }, metrics: {}, files: [] };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The verb's exit code, and what it shows. */
async function replay(argument: string, capability = "train"): Promise<[number, string]> {
  let shown = "";
  const task = {
    task: "id/train",
    step: "train",
    capability: "train",
    state: "pass",
    inputs: sample.inputs,
    outputs,
  };
  const tree = {
    run: { runname: "seattle-1", project: "weather", subproject: "seattle" },
    pinned: {},
    tasks: [task],
  };
  const server = {
    get: async () => tree,
    ask: async (path: string) =>
      new Response(sample.blobs.get(decodeURIComponent(path.split("/").at(-1) ?? ""))),
  };
  const call = {
    rest: [process.execPath, "train.mjs", argument],
    flags: { on: () => false, text: () => undefined, texts: () => [] },
    out: { show: (_value: unknown, text: () => string) => (shown = text()), say: () => undefined },
    server: async () => server,
    folder,
    environment: process.env,
    signal: new AbortController().signal,
  };
  // Only what a replay asks of a call and a server is there.
  return [await replayTask(call as unknown as Call, capability, "seattle-1/train"), shown];
}

test("a recorded task done again gives the same", { timeout: 60_000 }, async () => {
  expect(await replay("0")).toEqual([0, "seattle-1/train   the same came out"]);
});

test("what came out differently is told, down to the rows", { timeout: 60_000 }, async () => {
  const [exit, text] = await replay("7");
  expect(exit).toBe(5);
  expect(text).toMatch(
    /something else came out\n[^]*predictions\.digest[^]*7 rows of 365 predicted otherwise/,
  );
});

test("a task of another capability is refused", async () => {
  await expect(replay("0", "evaluate")).rejects.toMatchObject({ code: "E_USAGE" });
});
