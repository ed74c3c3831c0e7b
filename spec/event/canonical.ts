import { hash } from "node:crypto";
import canonicalize from "canonicalize";

/**
 * The one text of a JSON value (RFC 8785), so that equal values have equal digests.
 * @throws TypeError when the value has no JSON form (a function, undefined at the top).
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("This value has no JSON form");
  return text;
}

/** SHA-256 of UTF-8 text or bytes, as raw bytes. */
export const sha256 = (content: string | Uint8Array): Buffer => hash("sha256", content, "buffer");

/** `sha256:<hex>`, the name of bytes everywhere. */
export const digestOf = (content: string | Uint8Array): string => `sha256:${hash("sha256", content, "hex")}`;

/** The digest of a JSON value: of its canonical text. */
export const digestOfJson = (value: unknown): string => digestOf(canonicalJson(value));
