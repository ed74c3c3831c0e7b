import { digest, type Digest } from "@jackfield/spec/event/artifact";

/** A token travels in headers and addresses, so it names no more than these. */
const mostDigests = 60;
const deepest = 16;

/** The digests of all descriptors anywhere in a value, each once, in order. */
export function digestsIn(value: unknown): Digest[] {
  const found = new Set<string>();
  collect(value, found, 0);
  return [...found].slice(0, mostDigests);
}

function collect(value: unknown, found: Set<string>, depth: number): void {
  if (typeof value !== "object" || value === null || depth > deepest) return;
  for (const [name, content] of Object.entries(value)) {
    if (name === "digest" && digest.safeParse(content).success) found.add(String(content));
    else collect(content, found, depth + 1);
  }
}
