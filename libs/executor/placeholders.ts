import { Problem } from "@jackfield/problem/problem";
import { nearestNames } from "@jackfield/problem/nearest";

/** What the placeholders of one task stand for. */
export interface PlaceholderValues {
  /** Name of an input → its path, and the path of its CSV twin where there is one. */
  inputs: Readonly<Record<string, { path: string; csv?: string }>>;
  params: Readonly<Record<string, unknown>>;
  seed: number;
  out: string;
  target?: string;
  task: string;
}

/** `{{` is a brace; a name in braces is a placeholder; any other brace (JSON, `{}`) is text. */
const pattern = /\{\{|\{((?:params\.[^{}=]+|[A-Za-z_][\w.-]*)(?:=[^{}]*)?)\}/g;

/**
 * Puts values in place of `{in.train.csv}`, `{params.depth=6}`, `{seed}`, `{out}`, `{target}`, `{task}` in each argument.
 * A list or map becomes its JSON. @throws E_PLACEHOLDER naming what exists.
 */
export const fillPlaceholders = (argv: readonly string[], values: PlaceholderValues): string[] =>
  argv.map((argument) =>
    argument.replace(pattern, (found: string, name: string | undefined) =>
      found === "{{" || name === undefined ? "{" : valueOf(name, values, argument),
    ),
  );

/** The placeholders that stand in a command, without braces and in order. */
export const placeholdersIn = (argv: readonly string[]): string[] =>
  argv.flatMap((argument) =>
    [...argument.matchAll(pattern)].flatMap((match) => (match[1] === undefined ? [] : [match[1]])),
  );

/** Does the command ask for the CSV twin of this input? */
export const asksForCsv = (argv: readonly string[], input: string): boolean =>
  placeholdersIn(argv).includes(`in.${input}.csv`);

/** Checks a command before anything runs: inputs and parameters that will be there. @throws E_PLACEHOLDER */
export function checkPlaceholders(
  argv: readonly string[],
  known: { inputs: readonly string[]; params: Readonly<Record<string, unknown>> },
): void {
  const inputs = Object.fromEntries(known.inputs.map((name) => [name, { path: "", csv: "" }]));
  fillPlaceholders(argv, { inputs, params: known.params, seed: 0, out: "", target: "", task: "" });
}

function valueOf(name: string, values: PlaceholderValues, argument: string): string {
  const plain: Record<string, string | undefined> = {
    seed: String(values.seed),
    out: values.out,
    target: values.target,
    task: values.task,
  };
  const found = Object.hasOwn(plain, name)
    ? plain[name]
    : (inputPath(name, values) ?? parameter(name, values));
  if (found === undefined) throw unknownPlaceholder(name, values, argument);
  return found;
}

function inputPath(name: string, { inputs }: PlaceholderValues): string | undefined {
  const [, input = "", csv] = /^in\.(.+?)(\.csv)?$/.exec(name) ?? [];
  if (!Object.hasOwn(inputs, input)) return undefined;
  return csv === undefined ? inputs[input]?.path : inputs[input]?.csv;
}

function parameter(name: string, { params }: PlaceholderValues): string | undefined {
  const [, key = "", fallback] = /^params\.([^=]+)(?:=(.*))?$/s.exec(name) ?? [];
  if (!Object.hasOwn(params, key)) return fallback;
  const value = params[key];
  return typeof value === "string" ? value : JSON.stringify(value);
}

function unknownPlaceholder(name: string, values: PlaceholderValues, argument: string): Problem {
  const known = [
    ...Object.entries(values.inputs).flatMap(([input, { csv }]) =>
      csv === undefined ? [`in.${input}`] : [`in.${input}`, `in.${input}.csv`],
    ),
    ...Object.keys(values.params).map((param) => `params.${param}`),
    "seed",
    "out",
    ...(values.target === undefined ? [] : ["target"]),
    "task",
  ];
  const [nearest] = nearestNames(name, known, 1);
  const fallback = name.startsWith("params.") ? ` Or give it a default: {${name}=VALUE}.` : "";
  const meant = nearest === undefined ? "For a plain brace write {{." : `Did you mean {${nearest}}?`;
  return new Problem("E_PLACEHOLDER", `The placeholder {${name}} stands for nothing.`, {
    why: `There are ${known.map((each) => `{${each}}`).join(" ")}.`,
    here: argument,
    next: `${meant}${fallback}`,
  });
}
