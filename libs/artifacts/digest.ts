import { createHash } from "node:crypto";
import { Problem } from "@jackfield/problem/problem";
import { digest as digestSchema, type Digest } from "@jackfield/spec/event/artifact";

/** `sha256:<hex>` → its hexadecimal part. A digest becomes a path, so it is checked here, whoever says it is one. */
export function hexOf(digest: string): string {
  if (!digestSchema.safeParse(digest).success) {
    throw new Problem("E_INVALID", `"${digest.slice(0, 100)}" is not the digest of an artifact.`, {
      why: "A digest is sha256: and 64 hexadecimal digits in lower case.",
    });
  }
  return digest.slice("sha256:".length);
}

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export function wrongDigest(expected: Digest, found: Digest): Problem {
  return new Problem("E_DIGEST", `The bytes have the digest ${found}, not ${expected}.`, {
    why: "They were cut or changed on the way, or the digest is that of something else.",
    next: "Compute the digest anew and send the bytes again.",
  });
}
