import type { Origins } from "@jackfield/spec/project/configuration";
import { exit } from "./exit.ts";
import type { AppliedConfiguration } from "./lookup.ts";
import type { Call } from "./verb.ts";
import { clock } from "./words.ts";

/** A subproject's long form: every value, and who said it. */
export function showConfiguration(
  { out }: Call,
  { applied, origins, version, by, at }: AppliedConfiguration,
  subproject: string,
): number {
  const form = applied.subprojects[subproject] ?? {};
  const whence: Origins = { ...origins[subproject] };
  out.show({ project: applied.project, subproject, version, configuration: form, origins: whence }, () => {
    const said = [by === undefined ? undefined : `by ${by}`, at === undefined ? undefined : clock(at)];
    const head = [
      `# ${applied.project}/${subproject}, version ${version}`,
      ...said.filter((part) => part !== undefined),
    ];
    const lines = linesOf(form, whence);
    const width = Math.min(72, Math.max(...lines.map(({ text }) => text.length)));
    return [
      head.join(", "),
      ...lines.map(({ text, origin }) =>
        origin === undefined ? text : `${text.padEnd(width)}  # ${origin}`,
      ),
    ].join("\n");
  });
  return exit.pass;
}

interface Line {
  text: string;
  origin?: string;
}

/** YAML of a form, each value with its origin; what has an origin stands on one line. */
function linesOf(form: object, origins: Origins, path = "", depth = 0): Line[] {
  return Object.entries(form).flatMap(([key, value]: [string, unknown]) => {
    const at = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const origin = origins[at];
    const name = `${"  ".repeat(depth)}${key}:`;
    if (origin !== undefined || typeof value !== "object" || value === null)
      return [{ text: `${name} ${scalar(value)}`, ...(origin !== undefined && { origin }) }];
    return [{ text: name }, ...linesOf(value, origins, at, depth + 1)];
  });
}

/** JSON is YAML; a plain word needs no quotes. */
const scalar = (value: unknown): string =>
  typeof value === "string" &&
  /^[A-Za-z_./][A-Za-z0-9_./ -]*$/.test(value) &&
  !/^(true|false|null|~)$/i.test(value)
    ? value
    : JSON.stringify(value);
