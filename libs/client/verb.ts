import type { Environment } from "./address.ts";
import type { Group } from "./grammar.ts";
import type { Output } from "./output.ts";
import type { Server } from "./server.ts";

/** One flag: with `value` it takes a text, which is called so in the help. */
export interface Flag {
  says: string;
  value?: string;
  /** May be given several times. */
  many?: boolean;
  short?: string;
}

/** What was given on the command line. */
export interface Flags {
  on(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): string[];
}

/** One call of the command. */
export interface Call {
  /** What stands beside the flags, before `--`. */
  refs: readonly string[];
  /** What stands after `--`. */
  rest: readonly string[];
  flags: Flags;
  out: Output;
  /** The server that the address names; nothing is asked before it is used. Another signal than Ctrl-C for work that ends in order. */
  server: (signal?: AbortSignal) => Promise<Server>;
  folder: string;
  environment: Environment;
  /** Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}

/** A verb is a value: its line in the table, its flags, and what it does. Answers with the exit code. */
export interface Verb {
  name: string;
  group: Group;
  /** What it takes beside flags, as the table shows it. */
  takes?: string;
  does: string;
  flags: Readonly<Record<string, Flag>>;
  /** Says more, for `jackfield VERB --help`. */
  more?: readonly string[];
  run(call: Call): Promise<number>;
}

/** Flags that every verb has. */
export const everywhere: Readonly<Record<string, Flag>> = {
  json: { says: "one JSON object, or one a line when streaming; --json=a,b.c picks fields" },
  project: { says: "the project, when the folder does not say it", value: "NAME" },
  help: { says: "this text", short: "h" },
};

/** Flags of verbs that decide something. */
export const deciding: Readonly<Record<string, Flag>> = {
  reason: { says: "why; kept with the decision", value: "TEXT" },
};

/** Flag of verbs that can show what was. */
export const past = {
  at: { says: "as it was then: 14:02, 2026-05-01T14:02:00Z, or so long ago (10m)", value: "TIME" },
} satisfies Record<string, Flag>;

/** Flags of verbs that touch many things at once. */
export const bulk: Readonly<Record<string, Flag>> = {
  "dry-run": { says: "say what would be done, and do nothing" },
  yes: { says: "as many as were seen with --dry-run; refused when there are more or fewer", value: "N" },
};

/** Who decides and why, as it is kept with the decision. */
export const decided = ({ flags, environment }: Pick<Call, "flags" | "environment">) => {
  const by = environment["USER"] ?? environment["LOGNAME"] ?? environment["USERNAME"];
  const reason = flags.text("reason");
  return { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
};

/** Flags of verbs that cause work. */
export const working: Readonly<Record<string, Flag>> = {
  "no-wait": { says: "come back as soon as it is accepted" },
  timeout: { says: "how long to wait; the work goes on", value: "30m" },
  strict: { says: "a warning counts (exit 6)" },
};
