import { canonicalJson } from "@jackfield/spec/event/canonical";

/** One difference: where, before, after; a side that is absent is undefined. */
export interface Difference {
  path: string[];
  from: unknown;
  to: unknown;
}

/** What is different between two JSON values, leaf by leaf; lists are leaves. */
export function changesBetween(from: unknown, to: unknown, path: string[] = []): Difference[] {
  if (isMap(from) && isMap(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return keys.flatMap((key) => changesBetween(from[key], to[key], [...path, key]));
  }
  const same = text(from) === text(to);
  return same ? [] : [{ path, from, to }];
}

const text = (value: unknown): string | undefined => (value === undefined ? undefined : canonicalJson(value));

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
