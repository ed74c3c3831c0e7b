import { join } from "node:path";
import type { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { unpackTree } from "@jackfield/executor/code-tree";
import { splitCommand } from "@jackfield/executor/command-line";
import type { ContractTask } from "@jackfield/executor/contract";
import { findEnvironment } from "@jackfield/executor/found-environment";
import { requireModel, requirePredictions } from "@jackfield/executor/outputs";
import { runContract, type ContractEnd } from "@jackfield/executor/run-contract";
import type { CommandLimits } from "@jackfield/executor/watch-limits";
import { openWorkingFolder, type WorkingFolder } from "@jackfield/executor/working-folder";
import { asProblem, Problem } from "@jackfield/problem/problem";
import { keepTable } from "@jackfield/service/keep-table";
import { answered, refused, type Answered, type Refused } from "@jackfield/service/on";
import type { Task } from "@jackfield/service/task";
import type { train } from "@jackfield/spec/train";
import { keepFiles, keepLogs, keepModel, keepSummary } from "./keep-outputs.ts";
import { layInputs, type LaidTable } from "./lay-inputs.ts";
import { settlePredictions } from "./predictions.ts";
import { throttle } from "./progress.ts";
import { logFolder, workName } from "./read-log.ts";

type Input = z.output<typeof train.input>;
type Output = z.input<typeof train.output>;
type Laid = { train: LaidTable; test: LaidTable };

export interface TrainPlace {
  artifacts: Artifacts;
  /** Parent of the working folders. */
  work: string;
  /** Parent of the log folders: `<task id>/<attempt>/stdout.log` and `stderr.log`, written while the command runs. */
  logs: string;
  /** Folder from which `node_modules` and virtual environments are looked for. */
  environment: string;
  path: string;
  memoryBytes?: number;
}

/** Fits a model by running the project's `train:` command on a fresh copy of its code, under the command contract. */
export const trainModel =
  (place: TrainPlace) =>
  async (input: Input, task: Task): Promise<Answered<Output> | Refused> => {
    const argv = splitCommand(commandOf(input));
    const folder = await openWorkingFolder(place.work, workName(task.id, task.attempt));
    const logs = logFolder(place.logs, task.id, task.attempt);
    const keep = () =>
      keepLogs(place.artifacts, {
        "stdout.log": join(logs, "stdout.log"),
        "stderr.log": join(logs, "stderr.log"),
      });
    try {
      if (input.code !== undefined) {
        await unpackTree(await place.artifacts.pathOf(input.code.digest), folder.code);
      }
      const laid = await layInputs(place.artifacts, folder, { input, argv });
      const end = await runLaid(place, { argv, input, task, folder, laid, logs });
      const answer = await answerOf(place.artifacts, { end, input, folder, laid });
      return answered<Output>(answer.output, { ...answer.beside, logs: await keep() });
    } catch (thrown) {
      return refused(asProblem(thrown), { logs: await keep() });
    } finally {
      await folder.close();
    }
  };

function commandOf({ command }: Input): string {
  if (command !== undefined) return command;
  throw new Problem("E_INVALID", "There is no command to train with.", {
    why: "train is bound to the handler command, which runs the project's own line.",
    next: "Write train: node train.mjs into jackfield.yaml, or bind train to another handler.",
  });
}

interface LaidTask {
  argv: readonly string[];
  input: Input;
  task: Task;
  folder: WorkingFolder;
  laid: Laid;
  logs: string;
}

async function runLaid(place: TrainPlace, { input, task, laid, ...rest }: LaidTask): Promise<ContractEnd> {
  const progress = throttle(({ fraction, message, metrics, ...more }) =>
    task.progress(fraction, message, metrics, more).catch((error: unknown) => {
      // Progress is for people; the work and its answer do not depend on it.
      task.log.warn({ event: "progress.lost", error: String(error) }, "progress could not be published");
    }),
  );
  const end = await runContract({
    ...rest,
    task: contractTask(input, task, laid),
    input: { ...input, dataset: { train: { ...input.dataset.train, ...laid.train }, test: laid.test } },
    environment: await findEnvironment(place.environment),
    basePath: place.path,
    limits: {
      ...timeLimits(task.deadline),
      ...(place.memoryBytes !== undefined && { memoryBytes: place.memoryBytes }),
    },
    signal: task.signal,
    onProgress: (said) => {
      progress.take(said);
    },
    seeLogs: `jackfield logs ${shownTask(task)}`,
  });
  await progress.flush();
  return end;
}

/** Ends the command a little before its deadline, so that its answer is the one that counts, and says more than "timed out". */
function timeLimits(deadline: Date): CommandLimits {
  const left = Math.max(0.1, (deadline.getTime() - Date.now()) / 1000);
  const reserve = Math.min(12, left / 5);
  return { seconds: left - reserve, graceSeconds: Math.min(10, reserve * 0.8) };
}

const contractTask = (input: Input, task: Task, laid: Laid): ContractTask => ({
  capability: "train",
  task: shownTask(task),
  run: task.runname ?? task.run,
  project: task.project,
  subproject: task.subproject ?? task.project,
  ...(task.stage !== undefined && { stage: task.stage }),
  attempt: task.attempt,
  role: task.role,
  deadline: task.deadline.toISOString(),
  seed: input.seed,
  target: input.target,
  params: input.params,
  inputs: { ...laid },
  ...(task.trace.traceparent !== undefined && { traceparent: task.trace.traceparent }),
});

/** `seattle-57/train`: the run by its name. */
const shownTask = ({ id, run, runname }: Task): string =>
  runname !== undefined && id.startsWith(`${run}/`) ? runname + id.slice(run.length) : id;

interface Ending {
  end: ContractEnd;
  input: Input;
  folder: WorkingFolder;
  laid: Laid;
}

/** @throws the problem it ended with, or that of an output */
async function answerOf(
  artifacts: Artifacts,
  { end, input, folder, laid }: Ending,
): Promise<{ output: Output; beside: { result: "pass" | "warning" | "fail"; message: string } }> {
  const { outputs, problem, environment, result = "pass", message } = end;
  if (outputs === undefined) throw problem ?? new Problem("E_BROKEN", "A command ended without an answer.");
  const left = requireModel(outputs);
  const predicted = requirePredictions(outputs);
  const targetType = input.dataset.train.columns.find(({ name }) => name === input.target)?.type;
  const work = { left: predicted, test: laid.test.path, targetType, folder: folder.tmp };
  const predictions = await keepTable(artifacts, "predictions", (to) => settlePredictions(work, to));
  const model = await keepModel(artifacts, left);
  const { summary } = outputs;
  return {
    output: {
      model,
      predictions,
      metrics: outputs.metrics,
      environment,
      ...(summary !== undefined && { summary: await keepSummary(artifacts, summary) }),
      files: await keepFiles(artifacts, outputs.files),
    },
    beside: {
      result,
      message: [`model ${size(model.size)}`, ...(message === undefined ? [] : [message])].join(" · "),
    },
  };
}

const size = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
