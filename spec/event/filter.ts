import { shortType } from "./type.ts";
import type { CloudEvent } from "./envelope.ts";
import { outcomeOf } from "./outcome.ts";

/**
 * The one filter grammar of tail, ls, `--where` and `on:`. Words are short types with globs, `key=value`, `key!=value`,
 * `key>value`, `key<value`; a space is *and*, `|` is *or* and binds weaker: `train.* outcome=fail | evaluate.*`.
 */
export type Clause =
  { kind: "type"; glob: string } | { kind: "compare"; key: string; operator: Operator; value: string };

type Operator = "=" | "!=" | ">" | "<";

/** Alternatives, each a list of clauses that must all hold. An empty filter has one alternative without clauses: everything. */
export type Filter = Clause[][];

export class FilterError extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** @throws FilterError with the character's position (from 0). */
export function parseFilter(text: string): Filter {
  const alternatives: Filter = [[]];
  for (const word of text.matchAll(/'[^']*'|"[^"]*"|[^\s|]+(?:'[^']*'|"[^"]*")?|\|/g)) {
    if (word[0] === "|") alternatives.push([]);
    else alternatives.at(-1)?.push(parseClause(word[0], word.index));
  }
  if (alternatives.length > 1 && alternatives.some((clauses) => clauses.length === 0))
    throw new FilterError("There is nothing on one side of |", text.indexOf("|"));
  return alternatives;
}

function parseClause(word: string, position: number): Clause {
  const [, key, operator, value] = /^([a-z][a-z0-9]*)(!=|=|>|<)(.*)$/.exec(word) ?? [];
  if (key !== undefined && value !== undefined && isOperator(operator)) {
    if (value === "") throw new FilterError(`${key}${operator} has no value`, position);
    return { kind: "compare", key, operator, value: unquote(value) };
  }
  if (!/^[A-Za-z0-9_.*:/-]+$/.test(word))
    throw new FilterError(`"${word}" is no type, and no key=value`, position);
  return { kind: "type", glob: word };
}

const isOperator = (text: string | undefined): text is Operator =>
  text === "=" || text === "!=" || text === ">" || text === "<";

const unquote = (text: string): string => (/^(['"]).*\1$/.test(text) ? text.slice(1, -1) : text);

/** Does the event match? */
export const matches = (filter: Filter, event: CloudEvent): boolean =>
  filter.some((clauses) => clauses.every((clause) => holds(clause, event)));

/** The first clause of each alternative that says no, in words; undefined when the filter matches. */
export function firstRefusal(filter: Filter, event: CloudEvent): string | undefined {
  const refusals = filter.map((clauses) => clauses.find((clause) => !holds(clause, event)));
  const [first] = refusals;
  return refusals.includes(undefined) || first === undefined ? undefined : printClause(first);
}

export const printClause = (clause: Clause): string =>
  clause.kind === "type" ? clause.glob : `${clause.key}${clause.operator}${clause.value}`;

/** A glob over types (`train.*`) → a regular expression over short and whole types. */
export const globPattern = (glob: string): string =>
  `^${glob.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`;

function holds(clause: Clause, event: CloudEvent): boolean {
  if (clause.kind === "type") {
    const pattern = new RegExp(globPattern(clause.glob));
    return pattern.test(shortType(event.type)) || pattern.test(event.type);
  }
  const actual = attributeOf(event, clause.key);
  switch (clause.operator) {
    case "=":
      return actual !== undefined && new RegExp(globPattern(clause.value)).test(actual);
    case "!=":
      return actual === undefined || !new RegExp(globPattern(clause.value)).test(actual);
    case ">":
      return actual !== undefined && compare(actual, clause.value) > 0;
    case "<":
      return actual !== undefined && compare(actual, clause.value) < 0;
  }
}

/** An attribute as text; `outcome` is the one word made of status and result, `type` the short type. */
function attributeOf(event: CloudEvent, key: string): string | undefined {
  if (key === "outcome")
    return event.status === undefined ? undefined : outcomeOf(event.status, event.result);
  if (key === "type") return shortType(event.type);
  const value = key === "data" ? undefined : event[key];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function compare(actual: string, wanted: string): number {
  const numbers = [Number(actual), Number(wanted)] as const;
  if (!numbers.some(Number.isNaN)) return numbers[0] - numbers[1];
  if (actual === wanted) return 0;
  return actual < wanted ? -1 : 1;
}
