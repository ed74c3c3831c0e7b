import { EventEmitter } from "node:events";
import { printProblem } from "@jackfield/problem/print";
import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import { findAddress, type Environment } from "./address.ts";
import { readArguments } from "./arguments.ts";
import { exit, exitOfProblem } from "./exit.ts";
import { findVerb, loadVerbs } from "./find-verb.ts";
import { helpOf, overview } from "./help.ts";
import { createOutput, type OutputParts } from "./output.ts";
import { printable } from "./printable.ts";
import type { Call, Verb } from "./verb.ts";

/** What a command sees of its process. */
export interface Surroundings extends Pick<OutputParts, "stdout" | "stderr"> {
  env: Environment;
  cwd(): string;
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

/** Runs one command line; answers with its exit code. Every failure is told in the one form. */
export async function command(words: readonly string[], around: Surroundings): Promise<number> {
  // `help run` is what other tools call `run --help`.
  const [name, ...rest] = words[0] === "help" && words[1] !== undefined ? [words[1], "--help"] : words;
  let json = words.some((word) => /^--json(=|$)/.test(word));
  quietWhenNobodyReads(around.stdout);
  try {
    if (name === undefined || /^(-h|--help|help)$/.test(name)) {
      around.stdout.write(`${overview(await loadVerbs())}\n`);
      return exit.pass;
    }
    const verb = await findVerb(name);
    const given = readArguments(verb, rest);
    json = given.json !== undefined;
    if (given.help) {
      around.stdout.write(`${helpOf(verb)}\n`);
      return exit.pass;
    }
    return await runVerb(verb, given, around);
  } catch (thrown) {
    return tell(asProblem(thrown), json, around);
  }
}

async function runVerb(
  verb: Verb,
  given: ReturnType<typeof readArguments>,
  around: Surroundings,
): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Problem("E_ABORTED", "stopped watching"));
  around.on("SIGINT", stop);
  around.on("SIGTERM", stop);
  const folder = around.cwd();
  const call: Call = {
    refs: given.refs,
    rest: given.rest,
    flags: given.flags,
    out: createOutput({ ...around, json: given.json, noColour: (around.env["NO_COLOR"] ?? "") !== "" }),
    server: async (signal = stopping.signal) => {
      const { openServer } = await import("./server.ts");
      const address = findAddress(around.env, folder);
      return openServer(address, { token: around.env["JACKFIELD_TOKEN"] || address.token, signal });
    },
    folder,
    environment: around.env,
    signal: stopping.signal,
  };
  try {
    return await verb.run(call);
  } catch (thrown) {
    if (stopping.signal.aborted) return exit.interrupted;
    throw thrown;
  }
}

function tell(problem: Problem, json: boolean, { stdout, stderr }: Surroundings): number {
  const report = reportOf(problem);
  if (json) stdout.write(`${printable(JSON.stringify({ problem: report }))}\n`);
  else stderr.write(`${printable(printProblem(report))}\n`);
  // Our own fault: what a bug report needs.
  if (problem.code === "E_BROKEN" && problem.cause instanceof Error) {
    stderr.write(`${printable(problem.cause.stack ?? "")}\n`);
  }
  return exitOfProblem(problem.code);
}

/** `jackfield tail | head` closes the pipe early; that is no failure. */
function quietWhenNobodyReads(stdout: Surroundings["stdout"]): void {
  if (!(stdout instanceof EventEmitter)) return;
  stdout.on("error", (error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") process.exit(exit.pass);
  });
}
