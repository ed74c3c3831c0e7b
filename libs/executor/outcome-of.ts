import { Problem } from "@jackfield/problem/problem";
import type { Result, Status } from "@jackfield/spec/event/outcome";
import { z } from "zod";
import type { Ended } from "./run-command.ts";

/** What a command may say about its own failure, in `out/error.json`. */
export const errorFile = z.object({
  code: z.string().max(100).optional(),
  message: z.string().max(2_000).optional(),
  next: z.string().max(2_000).optional(),
  /** Seconds. */
  retryAfter: z.number().min(0).optional(),
});

export type ErrorFile = z.output<typeof errorFile>;

/** What the end of a command means. */
export interface CommandOutcome {
  status: Status;
  /** The verdict of what succeeded. */
  result?: Result;
  /** What a command that said fail or warning had to say; one line. */
  message?: string;
  problem?: Problem;
}

/** What the end of a command is judged by, beside the end itself. */
export interface OutcomeContext {
  said?: ErrorFile;
  /** How to see the whole log, unless the command itself says what to do. */
  next?: string;
  /** The limits it ran under, to name them. */
  limits?: { seconds?: number; memoryBytes?: number };
}

const verdicts: Readonly<Record<number, Result>> = { 0: "pass", 5: "fail", 6: "warning" };
const retryLater = 75;

/** How a command ended → status, verdict, problem, by the table of exit codes (0 pass, 5 fail, 6 warning, 75 retry, other errored). */
export function outcomeOf(ended: Ended, context: OutcomeContext = {}): CommandOutcome {
  if (ended.killedBy !== undefined) return killed(ended, ended.killedBy, context);
  if (ended.signal !== null) return { status: "errored", problem: crashed(ended, ended.signal) };
  const result = verdicts[ended.exit ?? 1];
  if (result === "pass") return { status: "succeeded", result };
  const message = context.said?.message ?? lastWord(ended.lastLines);
  if (result !== undefined) {
    return { status: "succeeded", result, ...(message !== undefined && { message }) };
  }
  return { status: "errored", problem: exited(ended, message, context) };
}

function killed(ended: Ended, by: NonNullable<Ended["killedBy"]>, context: OutcomeContext): CommandOutcome {
  const name = commandName(ended);
  switch (by) {
    case "cancel":
      return {
        status: "aborted",
        problem: new Problem("E_ABORTED", `${name} was told to stop after ${seconds(ended.seconds)}.`, {
          here: ended.stderr,
        }),
      };
    case "timeout":
      return {
        status: "timedout",
        problem: new Problem("E_TIMEOUT", `${name} was not done after ${seconds(ended.seconds)}.`, {
          why: `It may take ${seconds(context.limits?.seconds ?? ended.seconds)}.${lastWords(ended)}`,
          here: ended.stderr,
          next: "Give it less to do, or more time.",
        }),
      };
    case "memory":
      return {
        status: "errored",
        problem: new Problem("E_OOM", `${name} used more than ${megabytes(context.limits?.memoryBytes)}.`, {
          why: `That is the limit for the whole process group; it was killed after ${seconds(ended.seconds)}.`,
          here: ended.stderr,
          next: "Give it more memory, or let it keep less at once.",
        }),
      };
  }
}

function crashed(ended: Ended, signal: NodeJS.Signals): Problem {
  const kernel =
    signal === "SIGKILL" ? " Nobody here sent it: the system kills a process when memory runs out." : "";
  return new Problem("E_CRASHED", `${commandName(ended)} was killed by ${signal}.`, {
    why: `It crashed after ${seconds(ended.seconds)}.${kernel}${lastWords(ended)}`,
    here: ended.stderr,
    next: "It is tried again as far as attempts go; the log says what it did last.",
  });
}

function exited(ended: Ended, message: string | undefined, context: OutcomeContext): Problem {
  const { said = {} } = context;
  const next = said.next ?? context.next;
  const name = commandName(ended);
  const retry = ended.exit === retryLater;
  const how = retry ? "asks to be tried again (exit 75)" : `exited with ${ended.exit ?? "no code"}`;
  const words = message === undefined ? "without a word on stderr." : message;
  const code = said.code === undefined ? "" : ` [${said.code}]`;
  return new Problem(retry ? "E_RETRY_LATER" : "E_EXIT", `${name} ${how}${code}: ${words}`, {
    ...(ended.lastLines.length > 0 && { why: ended.lastLines.join("\n") }),
    here: ended.stderr,
    ...(next !== undefined && { next }),
    ...(said.retryAfter !== undefined && { retryAfterSeconds: said.retryAfter }),
  });
}

/** The last line; where a stack trace ends the log (Node signs it with its version), the line that names the error. */
function lastWord(lines: readonly string[]): string | undefined {
  const last = lines.at(-1);
  if (last === undefined || !/^Node\.js v\d|^\s+at \S/.test(last)) return last;
  return lines.findLast((line) => /^\w*(Error|Exception)\b.*: /.test(line)) ?? last;
}

const lastWords = ({ lastLines }: Ended): string =>
  lastLines.length === 0 ? "" : ` Its last words:\n${lastLines.join("\n")}`;

const commandName = ({ argv }: Ended): string => {
  const line = argv.join(" ");
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
};

const seconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;

const megabytes = (bytes = 0): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
