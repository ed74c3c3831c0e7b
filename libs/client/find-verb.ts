import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { allVerbs, broughtWords } from "./grammar.ts";
import type { Verb } from "./verb.ts";

interface VerbFile {
  verb: Verb;
}

/** The verb, loaded when it is asked for, or undefined when this release has no file for it. */
export async function loadVerb(name: string): Promise<Verb | undefined> {
  try {
    // A file in verbs/ exports `verb`; the list of files is the folder's.
    const { verb } = (await import(`./verbs/${name}.ts`)) as VerbFile;
    return verb;
  } catch (thrown) {
    if (thrown instanceof Error && isMissing(thrown.message, name)) return undefined;
    throw thrown;
  }
}

/** The bundler, Node and Vitest each say in their own words that there is no such file. */
const isMissing = (message: string, name: string): boolean =>
  [
    `Module not found in bundle: ./verbs/${name}.ts`,
    `Unknown variable dynamic import: ./verbs/${name}.ts`,
  ].some((start) => message.startsWith(start)) ||
  new RegExp(`^Cannot find module '[^']*/verbs/${name}\\.ts'`).test(message);

/** Every verb that this release has, in order. */
export async function loadVerbs(): Promise<Verb[]> {
  const found = await Promise.all(allVerbs.map(loadVerb));
  return found.filter((verb) => verb !== undefined);
}

/** @throws Problem E_USAGE with the right command for a word that people bring. */
export async function findVerb(name: string): Promise<Verb> {
  const known = allVerbs.includes(name);
  const verb = known ? await loadVerb(name) : undefined;
  if (verb !== undefined) return verb;
  const brought = broughtWords[name];
  if (brought !== undefined)
    throw new Problem("E_USAGE", `${name} is no command of Jackfield`, { next: brought });
  if (known) {
    throw new Problem("E_USAGE", `${name} is not in this release`, { next: "jackfield --help" });
  }
  const here = (await loadVerbs()).map((each) => each.name);
  const [near] = nearestNames(name, here, 1);
  throw new Problem("E_USAGE", `There is no command ${name}`, {
    next: near === undefined ? "jackfield --help" : `did you mean jackfield ${near}?`,
  });
}
