import { hash } from "node:crypto";
import { Problem } from "@jackfield/problem/problem";
import { canonicalRow } from "./canonical-key.ts";
import { at, labelOf, type Row, type Value } from "./values.ts";

/** The first 16 hex digits of SHA-256 over a canonical row: what a row *is*, wherever it stands. */
export const contentDigest = (row: Row): string => hash("sha256", canonicalRow(row), "hex").slice(0, 16);

/** Row ids without a declared key: content digest, `-`, and the how-manieth row of that content it is (from 1). */
export function rowIdsByContent(rows: Iterable<Row>): string[] {
  return numbered(Array.from(rows, contentDigest));
}

/** Digests of contents → row ids: equal ones are told apart by their occurrence, counted from 1 in row order. */
export function numbered(digests: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return digests.map((digest) => {
    const nth = (seen.get(digest) ?? 0) + 1;
    seen.set(digest, nth);
    return `${digest}-${nth}`;
  });
}

/**
 * Row ids from declared key columns: the value itself, or the JSON list of several.
 * @throws Problem E_DUPLICATE_KEY with three examples when a key names several rows or none (null).
 */
export function rowIdsByKey(keys: readonly (readonly Value[])[], columns: readonly string[]): string[] {
  const ids = keys.map((key) => (key.length === 1 ? labelOf(at(key, 0)) : listId(key)));
  const seen = new Set<string>();
  const doubled = new Set<string>();
  for (const id of ids) (seen.has(id) ? doubled : seen).add(id);
  const missing = keys.filter((key) => key.includes(null)).length;
  if (missing > 0 || doubled.size > 0) throw notAKey(columns, [...doubled], missing);
  return ids;
}

function notAKey(columns: readonly string[], doubled: readonly string[], missing: number): Problem {
  const examples = doubled.slice(0, 3).join(", ");
  const why = [
    ...(doubled.length > 0 ? [`${doubled.length} keys occur more than once: ${examples}`] : []),
    ...(missing > 0 ? [`${missing} rows have no value there`] : []),
  ];
  return new Problem("E_DUPLICATE_KEY", `${columns.join(" + ")} does not name each row once`, {
    why: why.join("; "),
    next: "add a column to the key, or leave the key out: rows are then named by their content",
  });
}

const listId = (key: readonly Value[]): string =>
  JSON.stringify(key.map((value) => (typeof value === "bigint" ? value.toString() : value)));
