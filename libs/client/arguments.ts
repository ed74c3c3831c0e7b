import { parseArgs } from "node:util";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { everywhere, type Flag, type Flags, type Verb } from "./verb.ts";

export interface Arguments {
  refs: string[];
  rest: string[];
  flags: Flags;
  /** undefined: text; empty: whole objects; else fields. */
  json: string[] | undefined;
  help: boolean;
}

/** The words after the verb. @throws Problem E_USAGE naming the nearest flag. */
export function readArguments(verb: Verb, words: readonly string[]): Arguments {
  const cut = words.indexOf("--");
  const before = cut < 0 ? words : words.slice(0, cut);
  const flags = { ...everywhere, ...verb.flags };
  const json = before.find((word) => word === "--json" || word.startsWith("--json="));
  const { values, positionals } = parse(
    verb,
    flags,
    before.filter((word) => !word.startsWith("--json=")),
  );
  return {
    refs: positionals,
    rest: cut < 0 ? [] : words.slice(cut + 1),
    flags: flagsOf(values),
    json: json === undefined ? undefined : fieldsOf(json),
    help: values["help"] === true,
  };
}

const fieldsOf = (word: string): string[] =>
  word
    .slice("--json=".length)
    .split(",")
    .filter((field) => field !== "");

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;

function parse(
  verb: Verb,
  flags: Record<string, Flag>,
  args: string[],
): { values: Values; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, many, short }]) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(many === true && { multiple: true }),
        ...(short !== undefined && { short }),
      },
    ]),
  );
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (thrown) {
    throw usage(verb, Object.keys(flags), thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function usage(verb: Verb, known: string[], message: string): Problem {
  const [, unknown] = /^Unknown option '-*([^']+)'/.exec(message) ?? [];
  const help = `jackfield ${verb.name} --help`;
  if (unknown === undefined) return new Problem("E_USAGE", message.split(". ")[0] ?? message, { next: help });
  const [near] = nearestNames(unknown, known, 1);
  return new Problem("E_USAGE", `jackfield ${verb.name} has no flag --${unknown}`, {
    next: near === undefined ? help : `did you mean --${near}?`,
  });
}

const flagsOf = (values: Values): Flags => {
  const texts = (name: string): string[] =>
    [values[name] ?? []].flat().filter((value): value is string => typeof value === "string");
  return { on: (name) => values[name] === true, text: (name) => texts(name).at(-1), texts };
};
