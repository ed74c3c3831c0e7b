// CloudEvents header values, CloudEvents bindings for NATS and HTTP §3.1.3.2: the same rule in both.

/**
 * Attribute text → header value: space, `"`, `%` and everything outside U+0021–U+007E as `%HH` of its UTF-8 bytes.
 * @throws URIError for half a surrogate pair.
 */
export const encodeHeader = (text: string): string =>
  text.replaceAll(/[^\u0021\u0023\u0024\u0026-\u007e]+/gu, encodeURIComponent);

/** Header value → attribute text: quotes off first, then one round of decoding. Undefined when the bytes are no UTF-8. */
export function decodeHeader(value: string): string | undefined {
  const plain = unquoted(value.trim());
  if (!plain.includes("%")) return plain;
  try {
    return plain.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, decodeURIComponent);
  } catch {
    return undefined;
  }
}

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replaceAll(/\\(.)/gu, "$1")
    : value;

/** Header lines as NATS and HTTP give them: a name with one value or several. */
export type HeaderLines = Iterable<readonly [string, string | readonly string[] | undefined]>;

/**
 * All headers under lower-case names; NATS keeps the case that was sent, CloudEvents does not care for it.
 * A name that is there twice with different values is in `doubled`: two readers could understand it differently.
 */
export function readHeaders(lines: HeaderLines): { values: Map<string, string>; doubled: Set<string> } {
  const values = new Map<string, string>();
  const doubled = new Set<string>();
  for (const [sent, content] of lines) {
    const name = sent.toLowerCase();
    for (const value of typeof content === "string" ? [content] : (content ?? [])) {
      const earlier = values.get(name);
      if (earlier !== undefined && earlier !== value) doubled.add(name);
      values.set(name, value);
    }
  }
  return { values, doubled };
}

/** `application/json; charset=utf-8` → `application/json`. */
export const mediaTypeOf = (contentType: string): string =>
  (contentType.split(";")[0] ?? "").trim().toLowerCase();

/** Is `data` of this content type JSON? Without a type it is (CloudEvents JSON format §3.1). */
export function isJsonType(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  const [, subtype = ""] = mediaTypeOf(contentType).split("/");
  return subtype === "json" || subtype.endsWith("+json");
}
