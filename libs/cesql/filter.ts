import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { outcomeOf } from "@jackfield/spec/event/outcome";
import { shortType } from "@jackfield/spec/event/type";
import { readAttribute } from "./compile.ts";
import { CesqlError } from "./errors.ts";
import { compileGlob } from "./pattern.ts";
import { compilePredicate } from "./predicate.ts";

/**
 * The one filter grammar of tail, ls, `--where` and `on:`. Words are short types with globs, `key=value`, `key!=value`,
 * `key>value`, `key<value`, and `cesql:'…'` with an expression over the attributes; a space is *and*, `|` is *or* and
 * binds weaker: `train.* outcome=fail | evaluate.*`.
 */
export type Clause = {
  /** As it was written. */
  readonly text: string;
  readonly holds: (event: CloudEvent) => boolean;
} & (
  | { readonly kind: "type"; readonly glob: string }
  | { readonly kind: "compare"; readonly key: string; readonly operator: Operator; readonly value: string }
  | { readonly kind: "cesql" }
);

type Operator = "=" | "!=" | ">" | "<";

/** Alternatives, each a list of clauses that must all hold. An empty filter has one alternative without clauses: everything. */
export type Filter = readonly (readonly Clause[])[];

interface Word {
  text: string;
  /** The character of the filter at which it begins (from 0). */
  position: number;
}

/** @throws Problem E_FILTER that points at the character. */
export function parseFilter(text: string): Filter {
  const alternatives: Clause[][] = [[]];
  const words = wordsOf(text);
  for (const word of words) {
    if (word.text === "|") alternatives.push([]);
    else alternatives.at(-1)?.push(parseClause(word, text));
  }
  const or = words.find((word) => word.text === "|");
  if (or !== undefined && alternatives.some((clauses) => clauses.length === 0))
    throw refusal(text, or.position, "There is nothing on one side of |");
  return alternatives;
}

const word = /\||(?:'[^']*'|"[^"]*"|[^\s|'"])+|(?<unclosed>['"])/g;

function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(word), ({ 0: found, index: position, groups }) => {
    if (groups?.["unclosed"] !== undefined)
      throw refusal(text, position, "A quote that opens here is not closed");
    return { text: found, position };
  });
}

function parseClause(found: Word, filter: string): Clause {
  const { text, position } = found;
  if (text.startsWith("cesql:")) return cesqlClause(found, filter);
  const [, key, operator, value] = /^([a-z][a-z0-9]*)(!=|=|>|<)([^]*)$/.exec(text) ?? [];
  if (key !== undefined && value !== undefined && isOperator(operator)) {
    if (value === "") throw refusal(filter, position, `${key}${operator} has no value`);
    return compareClause(key, operator, unquote(value));
  }
  if (!/^[A-Za-z0-9_.*:/-]+$/.test(text))
    throw refusal(filter, position, `"${text}" is no type, and no key=value`);
  return typeClause(text);
}

const isOperator = (text: string | undefined): text is Operator =>
  text === "=" || text === "!=" || text === ">" || text === "<";

const inQuotes = (text: string): boolean => text.length > 1 && /^(['"])[^]*\1$/.test(text);

// In quotes the same quote twice is one of it, so an expression may use both kinds.
function unquote(text: string): string {
  const quote = text.charAt(0);
  return inQuotes(text) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text;
}

function typeClause(glob: string): Clause {
  const fits = compileGlob(glob);
  return { kind: "type", text: glob, glob, holds: ({ type }) => fits(shortType(type)) || fits(type) };
}

function compareClause(key: string, operator: Operator, value: string): Clause {
  const holds = comparison(operator, value);
  return {
    kind: "compare",
    text: `${key}${operator}${value}`,
    key,
    operator,
    value,
    holds: (event) => holds(textOf(event, key)),
  };
}

function cesqlClause({ text, position }: Word, filter: string): Clause {
  const quoted = text.slice("cesql:".length);
  if (!inQuotes(quoted)) throw refusal(filter, position, "cesql: has no expression in quotes");
  const expression = unquote(quoted);
  try {
    return { kind: "cesql", text, holds: compilePredicate(expression, valueOf) };
  } catch (error) {
    if (!(error instanceof CesqlError)) throw error;
    const before = expression.slice(0, error.position);
    const doubled = before.split(quoted.charAt(0)).length - 1;
    throw refusal(filter, position + "cesql:'".length + before.length + doubled, error.message);
  }
}

/** An attribute as it is; `outcome` is the one word made of status and result. */
function valueOf(event: CloudEvent, name: string): unknown {
  if (name !== "outcome") return readAttribute(event, name);
  return event.status === undefined ? undefined : outcomeOf(event.status, event.result);
}

function refusal(text: string, position: number, why: string): Problem {
  return new Problem("E_FILTER", "The filter is not understood.", {
    why: `${why}, at character ${position + 1}`,
    here: `${text}\n${" ".repeat(position)}^`,
    next: "Words are types with globs, key=value, key!=value, key>value, key<value, cesql:'…'; | is or.",
  });
}

/** Does the event match? */
export const matches = (filter: Filter, event: CloudEvent): boolean =>
  filter.some((clauses) => clauses.every(({ holds }) => holds(event)));

/** The first clause that says no, in the first alternative; undefined when the filter matches. */
export function firstRefusal(filter: Filter, event: CloudEvent): string | undefined {
  const refusals = filter.map((clauses) => clauses.find(({ holds }) => !holds(event)));
  return refusals.includes(undefined) ? undefined : refusals[0]?.text;
}

function comparison(operator: Operator, value: string): (actual: string | undefined) => boolean {
  const fits = compileGlob(value);
  switch (operator) {
    case "=":
      return (actual) => actual !== undefined && fits(actual);
    case "!=":
      return (actual) => actual === undefined || !fits(actual);
    case ">":
      return (actual) => actual !== undefined && order(actual, value) > 0;
    case "<":
      return (actual) => actual !== undefined && order(actual, value) < 0;
  }
}

/** An attribute as text; `type` is the short type. */
function textOf(event: CloudEvent, key: string): string | undefined {
  const value = key === "type" ? shortType(event.type) : valueOf(event, key);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function order(actual: string, wanted: string): number {
  const numbers = [Number(actual), Number(wanted)] as const;
  if (!numbers.some(Number.isNaN)) return numbers[0] - numbers[1];
  if (actual === wanted) return 0;
  return actual < wanted ? -1 : 1;
}
