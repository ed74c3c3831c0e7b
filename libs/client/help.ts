import { allVerbs } from "./grammar.ts";
import { everywhere, type Flag, type Verb } from "./verb.ts";

/** `up` or `run REF`: how the table names a verb. */
const called = ({ name, takes }: Verb): string => (takes === undefined ? name : `${name} ${takes}`);

const flagNames = (flags: Readonly<Record<string, Flag>>): string[] =>
  Object.entries(flags).map(([name, { value, short }]) => {
    const dashed = short === undefined ? `--${name}` : `-${short}`;
    return value === undefined ? dashed : `${dashed} ${value}`;
  });

export const inOrder = (verbs: readonly Verb[]): Verb[] =>
  [...verbs].sort((a, b) => allVerbs.indexOf(a.name) - allVerbs.indexOf(b.name));

/** The table of the README, in the form of the command line's own page. */
export function verbTable(verbs: readonly Verb[]): string {
  const rows = inOrder(verbs).map((verb, index, all) => {
    const group = all[index - 1]?.group === verb.group ? "" : verb.group;
    const flags = flagNames(verb.flags).join(" ").replaceAll("|", "\\|");
    const takes = called(verb).replaceAll("|", "\\|");
    return `| ${group} | \`${takes}\` | ${verb.does} | ${flags === "" ? "" : `\`${flags}\``} |`;
  });
  return ["| group | verb | does | own flags |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** `jackfield --help`. */
export function overview(verbs: readonly Verb[]): string {
  const ordered = inOrder(verbs);
  const width = Math.max(...ordered.map((verb) => called(verb).length));
  const lines = ordered.map((verb, index) => {
    const group = ordered[index - 1]?.group === verb.group ? "" : verb.group;
    return `  ${group.padEnd(8)} ${called(verb).padEnd(width)}  ${verb.does}`;
  });
  return [
    "jackfield <verb> [ref …] [flags]",
    "",
    ...lines,
    "",
    "Every verb: --json[=fields] --project NAME --help; its own flags: jackfield <verb> --help",
    "A ref is weather/seattle (subproject) · seattle-57 (run) · weather:seattle-57 (run of a project) ·",
    "seattle-57/train (task) · sha256:… (artifact) · @last · @failed · an event's id.",
    "Exit: 0 pass · 5 fail · 6 warning (--strict) · 11 could not run · 7 aborted · 3 waited too long ·",
    "      8 not finished yet · 9 not found, nothing reacted · 2 usage · 4 not allowed · 10 no server · 1 our fault",
  ].join("\n");
}

/** `jackfield VERB --help`. */
export function helpOf(verb: Verb): string {
  const flags = Object.entries({ ...verb.flags, ...everywhere });
  const names = flags.map(([name, { value, short }]) => {
    const dashed = `${short === undefined ? "    " : `-${short}, `}--${name}`;
    return value === undefined ? dashed : `${dashed} ${value}`;
  });
  const width = Math.max(...names.map((name) => name.length));
  return [
    `jackfield ${called(verb)}   ${verb.does}`,
    "",
    ...flags.map(([, { says }], index) => `  ${(names[index] ?? "").padEnd(width)}  ${says}`),
    ...(verb.more === undefined ? [] : ["", ...verb.more]),
  ].join("\n");
}
