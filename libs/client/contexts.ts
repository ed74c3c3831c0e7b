import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Problem } from "@jackfield/problem/problem";
import { z } from "zod";

const context = z.object({ url: z.url(), token: z.string().optional(), as: z.string().optional() });
const stored = z.object({ current: z.string().optional(), contexts: z.record(z.string(), context) });

type Environment = Readonly<Record<string, string | undefined>>;

export type Context = z.output<typeof context>;
export type Contexts = z.output<typeof stored>;

const none: Contexts = { contexts: {} };

/** XDG base directories: what a person set up by `login`, for this person only. */
export const contextsFile = (environment: Environment): string =>
  join(
    environment["XDG_CONFIG_HOME"] || join(environment["HOME"] ?? homedir(), ".config"),
    "jackfield",
    "contexts.json",
  );

/** @throws Problem E_CONFIG when others may read the file, or it is not understood. */
export function readContexts(environment: Environment): Contexts {
  const file = contextsFile(environment);
  const text = textOf(file);
  if (text === undefined) return none;
  refuseIfOpen(file);
  try {
    return stored.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem("E_CONFIG", "What login stored cannot be understood", {
      here: file,
      next: "remove that file, then jackfield login again",
      cause,
    });
  }
}

/** Written beside and moved, so that nobody reads half of it; mode 0600 in a folder of mode 0700. */
export function writeContexts(environment: Environment, contexts: Contexts): void {
  const file = contextsFile(environment);
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, `${JSON.stringify(contexts, undefined, 2)}\n`, { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, file);
}

/** The one that JACKFIELD_CONTEXT names, else the one of the last login. @throws Problem E_CONFIG */
export function currentContext(environment: Environment): (Context & { name: string }) | undefined {
  const { current, contexts } = readContexts(environment);
  const said = environment["JACKFIELD_CONTEXT"] || undefined;
  const name = said ?? current;
  const found = name === undefined ? undefined : contexts[name];
  if (name !== undefined && found !== undefined) return { ...found, name };
  if (said === undefined) return undefined;
  throw new Problem("E_CONFIG", `There is no context ${said}`, {
    why: `JACKFIELD_CONTEXT names it; there are ${Object.keys(contexts).join(", ") || "none"}`,
    next: `jackfield login URL --as ${said} --token-stdin`,
  });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function refuseIfOpen(file: string): void {
  if (process.platform === "win32" || (statSync(file).mode & 0o077) === 0) return;
  throw new Problem("E_CONFIG", "Others on this machine may read your tokens", {
    here: file,
    next: `chmod 600 ${file}, and take back what is in it: jackfield admin token revoke NAME`,
  });
}
