import { z } from "zod";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { isLater, notYet } from "./later.ts";
import type { Path, Source } from "./source.ts";

type Issue = z.core.$ZodIssue;

/** The first thing that is wrong with a file → E_YAML with its place, and what was probably meant. */
export function fileProblem(schema: z.ZodType, error: z.ZodError, source: Source): Problem {
  const [first] = error.issues;
  if (first === undefined) return new Problem("E_YAML", "The project file is not understood");
  const issue = mostTelling(first, []);
  const path = plainPath(issue.path);
  if (issue.code === "unrecognized_keys") return unknownKey(schema, issue.keys, { source, path });
  if (issue.code === "invalid_key") return badName(issue, path, source);
  return badValue(issue, path, source);
}

/** Of the alternatives of a union, the one whose shape fits best says what is wrong. */
function mostTelling(issue: Issue, above: PropertyKey[]): Issue {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union") return { ...issue, path };
  const candidates = issue.errors.flatMap((issues) => issues.slice(0, 1));
  const inner = candidates.filter((each) => each.code !== "invalid_type" || each.path.length > 0);
  const [best] = inner.sort((a, b) => b.path.length - a.path.length);
  return best === undefined ? { ...issue, path } : mostTelling(best, path);
}

const plainPath = (path: readonly PropertyKey[]): Path =>
  path.map((segment) => (typeof segment === "number" ? segment : String(segment)));

const said = (path: Path): string => (path.length === 0 ? "the file" : path.join("."));

function unknownKey(schema: z.ZodType, keys: string[], at: { source: Source; path: Path }): Problem {
  const { source, path } = at;
  const key = keys.find((each) => !isLater(each)) ?? keys[0] ?? "";
  if (isLater(key)) return notYet([...path, key].join("."), source, [...path, key]);
  const known = keysAt(schema, path);
  const near = nearestNames(key, known);
  return new Problem("E_YAML", `${source.file} does not know the key ${[...path, key].join(".")}`, {
    here: source.placeOfKey([...path, key]),
    why: `there ${path.length === 0 ? "are" : `are in ${said(path)}:`} ${known.join(", ")}`,
    next: near.length > 0 ? `did you mean ${near.join(" or ")}?` : `take ${key} out`,
  });
}

const badName = (issue: Issue & { code: "invalid_key" }, path: Path, source: Source): Problem =>
  new Problem("E_YAML", `${said(path)} is no name that can be used here`, {
    here: source.placeOfKey(path),
    why: issue.issues.map(({ message }) => message).join("; "),
  });

function badValue(issue: Issue, path: Path, source: Source): Problem {
  const value = valueAt(source.value, path);
  const here = source.place(path);
  if (value === undefined) {
    const next = examples[said(path)];
    return new Problem("E_YAML", `${said(path)} is missing`, { here, ...(next !== undefined && { next }) });
  }
  const wantsText = issue.code === "invalid_type" && issue.expected === "string";
  const quotes = wantsText && (typeof value === "number" || typeof value === "boolean");
  return new Problem("E_YAML", `${said(path)} is not understood: ${JSON.stringify(value)}`, {
    here,
    why: issue.message,
    ...(quotes && { next: `if it is a text, put it in quotes: "${value}"` }),
  });
}

/** What a person would write for the keys that have no default. */
export const examples: Readonly<Record<string, string>> = {
  project: "add a line: project: weather",
  fetch: "add a line: fetch: data/rows.csv",
  target: "add a line that names the column to predict: target: weather",
};

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inside, segment) => {
    if (typeof inside !== "object" || inside === null) return undefined;
    return Object.entries(inside).find(([key]) => key === String(segment))?.[1];
  }, value);

/** The keys that may stand at a path of a schema. */
function keysAt(schema: unknown, path: Path): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const [first, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    return first === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[first], rest);
  }
  if (schema instanceof z.ZodRecord && first !== undefined) return keysAt(schema.valueType, rest);
  return schema instanceof z.ZodArray && first !== undefined ? keysAt(schema.element, rest) : [];
}
