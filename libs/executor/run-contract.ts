import { Problem } from "@jackfield/problem/problem";
import type { ProgressedData } from "@jackfield/spec/event/task";
import { mkdir } from "node:fs/promises";
import { contractEnvironment, type ContractTask } from "./contract.ts";
import { findCommand } from "./find-command.ts";
import {
  linkNodeModules,
  pathOf,
  recordEnvironment,
  type EnvironmentRecord,
  type FoundEnvironment,
} from "./found-environment.ts";
import { outcomeOf, type CommandOutcome } from "./outcome-of.ts";
import { readErrorFile, readOutputs, type CommandOutputs } from "./outputs.ts";
import { fillPlaceholders } from "./placeholders.ts";
import { runCommand, type Ended } from "./run-command.ts";
import type { CommandLimits } from "./watch-limits.ts";
import { layJson, type WorkingFolder } from "./working-folder.ts";

/** One command under the contract. Its input files are already in `folder.in` and named in `task.inputs`. */
export interface ContractRun {
  /** Placeholders not yet filled. */
  argv: readonly string[];
  task: ContractTask;
  /** The complete typed input for `in/task.json`, paths in place of references. */
  input: unknown;
  folder: WorkingFolder;
  /** Where it starts: the copy of the code tree unless said. */
  start?: string;
  environment: FoundEnvironment;
  /** The PATH that follows the found environment. */
  basePath: string;
  /** Folder for `stdout.log` and `stderr.log`. */
  logs: string;
  limits?: CommandLimits;
  signal?: AbortSignal;
  onProgress?: (progress: ProgressedData) => void;
  /** How people see the whole log, for a problem. */
  seeLogs?: string;
}

export interface ContractEnd extends CommandOutcome {
  ended: Ended;
  environment: EnvironmentRecord;
  /** Only of what succeeded. */
  outputs?: CommandOutputs;
}

/**
 * Runs a command under the command contract, version 1, and reads what it left.
 * @throws E_PLACEHOLDER, E_INVALID, E_COMMAND_NOT_FOUND before it runs, E_BAD_OUTPUT after. How it ended otherwise is the answer.
 */
export async function runContract(run: ContractRun): Promise<ContractEnd> {
  const { task, folder } = run;
  const start = run.start ?? folder.code;
  const path = pathOf(run.environment, run.basePath);
  const env = contractEnvironment(task, { ...folder, path });
  const argv = fillPlaceholders(run.argv, { ...task, out: folder.out });
  const environment = await recordEnvironment(run.environment, await findCommand(argv[0] ?? "", start, path));
  await layJson(folder, "task.json", run.input);
  await layJson(folder, "params.json", task.params);
  if (start === folder.code) await linkNodeModules(run.environment, folder.code);
  await mkdir(run.logs, { recursive: true });
  const ended = await runCommand({
    argv,
    folder: start,
    env,
    logs: run.logs,
    progressFile: folder.progress,
    ...(run.limits !== undefined && { limits: run.limits }),
    ...(run.signal !== undefined && { signal: run.signal }),
    ...(run.onProgress !== undefined && { onProgress: run.onProgress }),
  });
  const said = await readErrorFile(folder.out);
  const outcome = outcomeOf(ended, {
    ...(said !== undefined && { said }),
    ...(run.seeLogs !== undefined && { next: run.seeLogs }),
    ...(run.limits !== undefined && { limits: run.limits }),
  });
  if (outcome.status !== "succeeded") return { ...outcome, ended, environment };
  return { ...outcome, ended, environment, outputs: await readOutputs(folder.out) };
}

/** The end of a contract run that must have succeeded. @throws the problem it ended with */
export function succeeded(end: ContractEnd): ContractEnd & { outputs: CommandOutputs } {
  if (end.outputs !== undefined) return { ...end, outputs: end.outputs };
  throw end.problem ?? new Problem("E_BROKEN", "A command ended without success and without a problem.");
}
