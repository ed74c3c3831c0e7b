import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { ContractTask } from "@jackfield/executor/contract";
import type { FoundEnvironment } from "@jackfield/executor/found-environment";
import { asksForCsv } from "@jackfield/executor/placeholders";
import { runContract, type ContractEnd } from "@jackfield/executor/run-contract";
import { openWorkingFolder, type WorkingFolder } from "@jackfield/executor/working-folder";
import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import { partsOfTask } from "@jackfield/spec/event/ids";
import type { FinishedData, ProgressedData } from "@jackfield/spec/event/task";
import { leaseEveryMs, triggeredData } from "@jackfield/spec/event/task";
import type { Result, Status } from "@jackfield/spec/event/outcome";
import { parseType } from "@jackfield/spec/event/type";
import { finish, heartbeat, progress, type pulledTask } from "@jackfield/spec/http/handlers";
import { at } from "../pick.ts";
import { segment, type Server } from "../server.ts";
import { download } from "../upload.ts";
import { columns } from "../words.ts";
import { layInputs, type LaidInputs } from "./inputs.ts";
import { freshFolder, keepLogs, keepOutputs } from "./outputs.ts";
import { patiently } from "../patience.ts";

export type Pulled = z.output<typeof pulledTask>;

/** Where a handler works, and as whom. */
export interface Bench {
  server: Server;
  argv: readonly string[];
  /** Where commands start. */
  start: string;
  environment: FoundEnvironment;
  path: string;
  /** Parent of working folders and logs. */
  work: string;
  /** Aborted when the handler shuts down: what is at work is handed back. */
  leaving: AbortSignal;
}

/** The answer to a task, as it goes over the door. */
export interface Answer extends FinishedData {
  status: Status;
  result?: Result;
}

/** Does one task from its inputs to its answer; only the door being gone for good is thrown. */
export async function doTask(bench: Bench, pulled: Pulled): Promise<Answer> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, bench.leaving]);
  const ended = new AbortController();
  const beating = beat(bench, pulled, { stopping, ended: ended.signal });
  const answer = await work(bench, pulled, signal);
  const wanted = bench.leaving.aborted && answer.status !== "succeeded" ? handedBack : answer;
  const say = async (said: Answer): Promise<Answer> => {
    const body = { ...said, token: pulled.token };
    const post = () => bench.server.post(finish.answer, taskPath(pulled, "finished"), { body });
    await patiently(post, signal);
    return said;
  };
  // Until the answer is taken it is still our task; one that breaks its contract is an error, which can be said.
  const said = await say(wanted)
    .catch((thrown: unknown) => {
      if (asProblem(thrown).code !== "E_INVALID" || wanted.status !== "succeeded") throw thrown;
      return say(failed(asProblem(thrown), wanted.logs));
    })
    .finally(() => ended.abort());
  await beating;
  return said;
}

const taskPath = ({ task }: Pulled, what: string): string => `/v1/tasks/${segment(task)}/${what}`;

const leaving = new Problem("E_HANDED_BACK", "The handler shut down and gave the task back");
const handedBack: Answer = {
  status: "errored",
  message: "handedback",
  problem: reportOf(leaving),
  retry: true,
};

interface Beating {
  stopping: AbortController;
  ended: AbortSignal;
}

/** Tells the server that work goes on, and hears when it should not. No answer means: go on. */
async function beat({ server }: Bench, pulled: Pulled, { stopping, ended }: Beating): Promise<void> {
  const limits = triggeredData.safeParse(pulled.event.data).data?.limits;
  const everyMs = leaseEveryMs(limits);
  const goesOn = (): Promise<boolean> => delay(everyMs, true, { signal: ended }).catch(() => false);
  while (await goesOn()) {
    await server
      .post(heartbeat.answer, taskPath(pulled, "heartbeat"), { body: { token: pulled.token } })
      .catch((thrown: unknown) => {
        if (asProblem(thrown).code === "E_LEASE_LOST") stopping.abort();
      });
  }
}

async function work(bench: Bench, pulled: Pulled, signal: AbortSignal): Promise<Answer> {
  const beganMs = performance.now();
  const reader = { token: pulled.token };
  const folder = await openWorkingFolder(bench.work, `${pulled.task}-${pulled.event.attempt ?? 1}`);
  const logs = await freshFolder(join(bench.work, "logs", folder.root.split("/").at(-1) ?? "task"));
  const keeping = { server: bench.server, reader };
  try {
    const { inputs, limits } = triggeredData.parse(pulled.event.data);
    const laid = await layInputs(inputs, {
      folder,
      fetch: (digest) => patiently(() => download(bench.server, digest, reader), signal),
      csv: (name) => asksForCsv(bench.argv, name),
    });
    // How long is left is said by a clock that never jumps, and by no clock of another machine.
    const seconds = Math.max(0.1, limits.finishSeconds - (performance.now() - beganMs) / 1_000 - 2);
    const end = await runCommand(bench, { pulled, inputs, laid, folder, logs, signal, seconds });
    const kept = await patiently(() => keepLogs(logs, keeping), signal);
    const capability = capabilityOf(pulled);
    const about = { capability, inputs, testIds: laid.testIds };
    const outputs = await patiently(() => keepOutputs(end, about, keeping), signal);
    return answerOf(end, { outputs, logs: kept });
  } catch (thrown) {
    return failed(asProblem(thrown), await keepLogs(logs, keeping).catch(() => []));
  } finally {
    await folder.close();
  }
}

const capabilityOf = ({ event }: Pulled): string => parseType(event.type)?.subject ?? "";

const failed = (problem: Problem, logs: FinishedData["logs"]): Answer => ({
  status: "errored",
  message: problem.message.split("\n")[0],
  problem: reportOf(problem),
  retry: problem.retriable,
  logs,
});

function answerOf(end: ContractEnd, { outputs, logs }: Pick<FinishedData, "outputs" | "logs">): Answer {
  const workSeconds = end.ended.seconds;
  if (end.problem !== undefined) return { ...failed(end.problem, logs), status: end.status, workSeconds };
  const { status, result, message } = end;
  return {
    status,
    outputs,
    logs,
    workSeconds,
    ...(result !== undefined && { result }),
    message: columns([modelWords(outputs), message]),
  };
}

const modelWords = (outputs: FinishedData["outputs"]): string | undefined => {
  const size = at(outputs, ["model", "size"]);
  return typeof size === "number" ? `model ${Math.ceil(size / 1024)} kB` : undefined;
};

interface Run {
  pulled: Pulled;
  inputs: Record<string, unknown>;
  laid: LaidInputs;
  folder: WorkingFolder;
  logs: string;
  signal: AbortSignal;
  /** How long it may take. */
  seconds: number;
}

function runCommand(bench: Bench, run: Run): Promise<ContractEnd> {
  const { pulled, inputs, laid, folder, logs, signal, seconds } = run;
  const task = contractTask(pulled, inputs, laid);
  return runContract({
    argv: bench.argv,
    folder,
    logs,
    signal,
    start: bench.start,
    environment: bench.environment,
    basePath: bench.path,
    input: laid.input,
    seeLogs: `jackfield logs ${task.task}`,
    limits: { seconds },
    task,
    onProgress: tellProgress(bench.server, pulled),
  });
}

function contractTask(
  { task, event, deadline }: Pulled,
  { seed, target, params }: Record<string, unknown>,
  laid: LaidInputs,
): ContractTask {
  const parts = partsOfTask(task);
  const run = event.runname ?? parts.run;
  return {
    capability: parseType(event.type)?.subject ?? "",
    task: `${run}/${parts.step}`,
    run,
    project: event.project ?? "",
    subproject: event.subproject ?? event.project ?? "",
    attempt: event.attempt ?? 1,
    role: event.role ?? "primary",
    deadline,
    seed: typeof seed === "number" ? seed : 0,
    params: typeof params === "object" && params !== null ? { ...params } : {},
    inputs: laid.files,
    ...(event.stage !== undefined && { stage: event.stage }),
    ...(typeof target === "string" && { target }),
    ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
  };
}

const tellEveryMs = 500;

function tellProgress(server: Server, pulled: Pulled): (said: ProgressedData) => void {
  let toldAt = -Infinity;
  return (said) => {
    if (performance.now() - toldAt < tellEveryMs && said.fraction !== 1) return;
    toldAt = performance.now();
    // Progress is for people; the work and its answer do not depend on it.
    void server
      .post(progress.answer, taskPath(pulled, "progress"), { body: { ...said, token: pulled.token } })
      .catch(() => undefined);
  };
}
