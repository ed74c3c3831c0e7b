import { sha256 } from "@jackfield/spec/event/canonical";

/**
 * An id of ours → a UUID, always the same. Version 8: the bits are our own, here the first of SHA-256 over the text.
 * @see RFC 9562 §5.8
 */
export function uuidOf(id: string): string {
  const bytes = sha256(`jackfield:${id}`).subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
