import { Problem } from "@jackfield/problem/problem";
import { CesqlError } from "./errors.ts";
import { readAttribute, type Attributes } from "./compile.ts";
import { compilePredicate } from "./predicate.ts";

/** One filter of a CloudEvents subscription: an object that names its dialect. */
export type DialectFilter =
  | { exact: Record<string, string> }
  | { prefix: Record<string, string> }
  | { suffix: Record<string, string> }
  | { all: DialectFilter[] }
  | { any: DialectFilter[] }
  | { not: DialectFilter }
  | { sql: string };

type Holds = (attributes: Attributes) => boolean;

/** Filters that must all hold; none holds for everything. @throws Problem E_FILTER for an expression that is not understood */
export function compileDialects(filters: readonly DialectFilter[]): Holds {
  const all = filters.map(compile);
  return (attributes) => all.every((holds) => holds(attributes));
}

function compile(filter: DialectFilter): Holds {
  if ("exact" in filter) return pairs(filter.exact, (value, wanted) => value === wanted);
  if ("prefix" in filter) return pairs(filter.prefix, (value, wanted) => value.startsWith(wanted));
  if ("suffix" in filter) return pairs(filter.suffix, (value, wanted) => value.endsWith(wanted));
  if ("all" in filter) return compileDialects(filter.all);
  if ("any" in filter) {
    const some = filter.any.map(compile);
    return (attributes) => some.some((holds) => holds(attributes));
  }
  if ("not" in filter) {
    const inner = compile(filter.not);
    return (attributes) => !inner(attributes);
  }
  return sql(filter.sql);
}

function pairs(wanted: Record<string, string>, fits: (value: string, wanted: string) => boolean): Holds {
  const all = Object.entries(wanted);
  return (attributes) =>
    all.every(([name, text]) => {
      const value = readAttribute(attributes, name);
      return isScalar(value) && fits(String(value), text);
    });
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

function sql(text: string): Holds {
  try {
    return compilePredicate(text, readAttribute);
  } catch (thrown) {
    if (!(thrown instanceof CesqlError)) throw thrown;
    throw new Problem("E_FILTER", `The expression is not understood: ${thrown.message}`, {
      here: `character ${thrown.position + 1} of ${text}`,
    });
  }
}
