import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Problem } from "@jackfield/problem/problem";
import type { ProgressedData } from "@jackfield/spec/event/task";
import { findCommand } from "./find-command.ts";
import { openLog, type LogFile } from "./log-file.ts";
import { killRest } from "./process-group.ts";
import { followProgress } from "./progress-file.ts";
import { watchLimits, type CommandLimits, type KilledBy } from "./watch-limits.ts";

export interface Command {
  argv: readonly string[];
  /** Where it starts. */
  folder: string;
  /** The whole environment: nothing of ours is added. */
  env: Readonly<Record<string, string>>;
  /** Folder for the files `stdout.log` and `stderr.log`. */
  logs: string;
  limits?: CommandLimits & { logBytes?: number };
  signal?: AbortSignal;
  /** The file that the command appends progress to. */
  progressFile?: string;
  onProgress?: (progress: ProgressedData) => void;
}

/** How a command ended. */
export interface Ended {
  argv: readonly string[];
  exit: number | null;
  signal: NodeJS.Signals | null;
  killedBy?: KilledBy;
  seconds: number;
  /** The last lines of stderr that are not empty. */
  lastLines: string[];
  stdout: string;
  stderr: string;
}

/**
 * Runs a program in a process group of its own, without a shell and without input, and leaves no process behind.
 * @throws E_COMMAND_NOT_FOUND when there is no such program; every other end is an answer.
 */
export async function runCommand(command: Command): Promise<Ended> {
  const [name = "", ...rest] = command.argv;
  const program = await findCommand(name, command.folder, command.env["PATH"] ?? "");
  const stdout = openLog(join(command.logs, "stdout.log"), command.limits?.logBytes);
  const stderr = openLog(join(command.logs, "stderr.log"), command.limits?.logBytes);
  const startedAt = performance.now();
  const child = spawn(program, rest, {
    cwd: command.folder,
    env: { ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
    // A session of its own: its group can be killed whole, and a Ctrl-C on our terminal is ours alone.
    detached: true,
  });
  pour(child.stdout, stdout);
  pour(child.stderr, stderr);
  const progress = follow(command, stdout);
  const watch = watchLimits(child.pid, command.limits ?? {}, command.signal);
  try {
    const end = await endOf(child, name);
    const seconds = (performance.now() - startedAt) / 1000;
    await killRest(child.pid, markOf(command.env));
    await emptied(child);
    const lastLines = stderr.lastLines();
    return { argv: command.argv, ...end, ...watch.verdict(), seconds, lastLines, ...pathsOf(stdout, stderr) };
  } finally {
    watch.stop();
    await progress?.stop();
    await Promise.all([stdout.close(), stderr.close()]);
  }
}

const pathsOf = (stdout: LogFile, stderr: LogFile): { stdout: string; stderr: string } => ({
  stdout: stdout.path,
  stderr: stderr.path,
});

/** The folder for outputs is in the environment of this command and of no other, so it names the command's processes. */
const markOf = (env: Command["env"]): string | undefined =>
  env["JACKFIELD_OUT"] === undefined ? undefined : `JACKFIELD_OUT=${env["JACKFIELD_OUT"]}\0`;

function follow(command: Command, log: LogFile): { stop(): Promise<void> } | undefined {
  if (command.progressFile === undefined) return undefined;
  return followProgress(command.progressFile, {
    onProgress: (progress) => command.onProgress?.(progress),
    onLogLine: (line) => log.write(Buffer.from(`${line}\n`)),
  });
}

/** A command that writes faster than the disk waits for the disk. */
function pour(from: Readable, into: LogFile): void {
  from.on("data", (chunk: Buffer) => {
    into.write(chunk);
    if (!into.full()) return;
    from.pause();
    void into.drained().then(() => from.resume());
  });
}

function endOf(child: ChildProcess, name: string): Promise<Pick<Ended, "exit" | "signal">> {
  return new Promise((resolve, reject) => {
    child.once("exit", (exit, signal) => {
      resolve({ exit, signal });
    });
    child.once("error", (cause) => {
      const format = "code" in cause && (cause.code === "ENOEXEC" || cause.code === "EACCES");
      reject(
        new Problem("E_COMMAND_NOT_FOUND", `${name} cannot be started: ${cause.message}.`, {
          ...(format && {
            next: `Its first line should name the program that runs it (#!/usr/bin/env bash), or say: bash ${name}`,
          }),
          cause,
        }),
      );
    });
  });
}

/** What the command wrote last is still in the pipes when it is gone; nobody else holds them, so they end soon. */
async function emptied(child: ChildProcess): Promise<void> {
  const deadline = AbortSignal.timeout(5_000);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null || stream.readableEnded || stream.destroyed) continue;
    await once(stream, "close", { signal: deadline }).catch(() => stream.destroy());
  }
}
