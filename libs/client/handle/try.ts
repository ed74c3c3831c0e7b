import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEnvironment } from "@jackfield/executor/found-environment";
import { requireModel, requirePredictions } from "@jackfield/executor/outputs";
import { runContract, type ContractEnd } from "@jackfield/executor/run-contract";
import { openWorkingFolder, type WorkingFolder } from "@jackfield/executor/working-folder";
import { printProblem } from "@jackfield/problem/print";
import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import { outcomeOf } from "@jackfield/spec/event/outcome";
import { exitOfOutcome, exit } from "../exit.ts";
import type { Call } from "../verb.ts";
import { bar, columns, many, number, seconds } from "../words.ts";
import { idOf } from "./inputs.ts";
import { readPredictions } from "./predictions.ts";
import { laySample, type Sample } from "./sample.ts";

/** What a command left on the sample task. */
interface Tried {
  outcome: string;
  seconds: number;
  found: string[];
  model?: { name: string; bytes: number };
  predictions?: { rows: number; accuracy: number };
  metrics?: Record<string, number>;
}

const seed = 1;
const deadlineSeconds = 600;

/** Runs a command once on the sample task, without a server, and says what it left. */
export async function tryCommand(call: Call, capability: string): Promise<number> {
  if (capability !== "train") {
    throw new Problem("E_USAGE", `There is no sample task for ${capability} in this release`, {
      next: "jackfield handle train --try -- COMMAND",
    });
  }
  const parent = await mkdtemp(join(tmpdir(), "jackfield-try-"));
  const folder = await openWorkingFolder(parent, "sample");
  try {
    const sample = await laySample(folder);
    const end = await runSample(call, { folder, sample, logs: join(parent, "logs") });
    return await tell(call, end, sample);
  } finally {
    await folder.close();
    await rm(parent, { recursive: true, force: true });
  }
}

interface Trial {
  folder: WorkingFolder;
  sample: Sample;
  logs: string;
}

async function runSample(call: Call, { folder, sample, logs }: Trial): Promise<ContractEnd> {
  const { target, files } = sample;
  call.out.say("sample task: the weather of Seattle, 1096 days to learn from, 365 to predict");
  return runContract({
    argv: call.rest,
    folder,
    logs,
    start: call.folder,
    environment: await findEnvironment(call.folder),
    basePath: call.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    signal: call.signal,
    limits: { seconds: deadlineSeconds },
    input: { dataset: files, target, params: {}, seed },
    task: {
      capability: "train",
      task: "sample-1/train",
      run: "sample-1",
      project: "sample",
      subproject: "sample",
      attempt: 1,
      role: "primary",
      deadline: new Date(Date.now() + deadlineSeconds * 1_000).toISOString(),
      seed,
      target,
      params: {},
      inputs: files,
    },
    onProgress: ({ fraction, message }) => {
      const drawn = fraction === undefined ? undefined : bar(fraction, 8, "░");
      call.out.say(`  ${columns([drawn, message])}`);
    },
  });
}

async function tell({ out, signal }: Call, end: ContractEnd, sample: Sample): Promise<number> {
  if (signal.aborted) return exit.interrupted;
  const { status, result, ended, outputs, problem } = end;
  const outcome = outcomeOf(status, result);
  if (problem !== undefined || outputs === undefined)
    throw problem ?? new Problem("E_BROKEN", "nothing was left");
  const tried: Tried = { outcome, seconds: ended.seconds, found: outputs.found };
  const wrong: Problem[] = [];
  const attempt = async (look: () => Promise<void>): Promise<void> => {
    await look().catch((thrown: unknown) => void wrong.push(asProblem(thrown)));
  };
  await attempt(async () => {
    const { name, path } = requireModel(outputs);
    tried.model = { name, bytes: (await stat(path)).size };
  });
  await attempt(async () => {
    const { rows } = await readPredictions(requirePredictions(outputs), [...sample.truth.keys()]);
    const right = rows.filter((row) => String(row["prediction"]) === sample.truth.get(idOf(row)));
    tried.predictions = { rows: rows.length, accuracy: right.length / rows.length };
  });
  tried.metrics = outputs.metrics;
  out.show({ ...tried, problems: wrong.map(reportOf) }, () => textFor(tried, wrong));
  return wrong.length === 0 ? exitOfOutcome(outcome) : exit.couldNotRun;
}

function textFor(
  { outcome, seconds: took, found, model, predictions, metrics = {} }: Tried,
  wrong: Problem[],
): string {
  const figures = Object.entries(metrics).map(([name, value]) => `${name} ${number(value)}`);
  return [
    `${outcome.toUpperCase()}   in ${seconds(took)}   left in out/: ${found.join(", ") || "nothing"}`,
    ...(model === undefined ? [] : [`  ✓ model         ${model.name}, ${model.bytes} bytes`]),
    ...(predictions === undefined
      ? []
      : [
          `  ✓ predictions   ${many(predictions.rows, "row")}, accuracy ${number(predictions.accuracy)} (always rain: 0.395)`,
        ]),
    ...(figures.length === 0 ? [] : [`  ✓ metrics       ${figures.join("  ")}`]),
    ...wrong.map((problem) => `  ✗ ${printProblem(reportOf(problem)).replaceAll("\n", "\n    ")}`),
  ].join("\n");
}
