import { hash } from "node:crypto";
import { canonicalRow } from "./canonical-key.ts";
import type { Row } from "./values.ts";

/** What a row is, wherever it stands: the first 16 hex digits of SHA-256 over its canonical bytes, row id left out. */
export const contentDigest = (row: Row): string => hash("sha256", canonicalRow(row), "hex").slice(0, 16);

/** The row ids that fetch gives rows without a key: content digest, `-`, and the how-manieth of that content. */
const namedByContent = /^([0-9a-f]{16})-[1-9]\d*$/;

/** Row ids → contents, where the ids say it themselves; nothing where rows are named by a declared key. */
export function contentsIn(rowIds: readonly string[]): string[] | undefined {
  const contents = rowIds.map((id) => namedByContent.exec(id)?.[1]);
  return contents.every((content) => content !== undefined) ? contents : undefined;
}
