import type { Row, Value } from "./values.ts";

/**
 * The bytes that stand for a key: for each value a tag (`z` null, `b` boolean, `n` number, `s` text), four bytes
 * of length (big endian), and the value: numbers as their shortest round-trip JSON, text as UTF-8 without
 * Unicode normalisation. No two different keys share their bytes, in any language that follows this rule.
 */
export function canonicalKey(values: readonly Value[]): Buffer {
  const parts = values.map(tagged);
  const size = parts.reduce((sum, { text }) => sum + 5 + Buffer.byteLength(text), 0);
  const bytes = Buffer.allocUnsafe(size);
  let end = 0;
  for (const { tag, text } of parts) {
    end = bytes.writeUInt8(tag.charCodeAt(0), end);
    end = bytes.writeUInt32BE(Buffer.byteLength(text), end);
    end += bytes.write(text, end);
  }
  return bytes;
}

/** The bytes that stand for a row: names and values in the order of the names, so the order of columns is no content. */
export function canonicalRow(row: Row): Buffer {
  const names = Object.keys(row).sort();
  return canonicalKey(names.flatMap((name) => [name, row[name] ?? null]));
}

function tagged(value: Value): { tag: string; text: string } {
  if (value === null) return { tag: "z", text: "" };
  if (typeof value === "string") return { tag: "s", text: value };
  if (typeof value === "boolean") return { tag: "b", text: String(value) };
  // A whole number reads the same whether a table gave it as bigint or as double; -0 is 0 in JSON.
  if (typeof value === "bigint") return { tag: "n", text: value.toString() };
  return { tag: "n", text: Number.isFinite(value) ? JSON.stringify(value) : String(value) };
}
