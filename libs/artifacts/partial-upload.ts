import { createReadStream } from "node:fs";
import { createHash } from "node:crypto";
import { appendFile, open, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Problem } from "@jackfield/problem/problem";
import type { Digest } from "@jackfield/spec/event/artifact";
import { hexOf, wrongDigest } from "./digest.ts";
import type { PartialUpload } from "./store.ts";

/** Where the upload waits, and how its file becomes an artifact. */
export interface UploadPlace {
  path: string;
  keep: (path: string, digest: Digest) => Promise<void>;
}

export function partialUpload(digest: Digest, { path, keep }: UploadPlace): PartialUpload {
  hexOf(digest);
  const size = (): Promise<number> =>
    stat(path).then(
      (found) => found.size,
      () => 0,
    );
  return {
    size,
    append: async (source, from) => {
      const arrived = await size();
      if (arrived !== from) throw notThere(digest, { arrived, from });
      const file = await open(path, "a");
      try {
        for await (const piece of source instanceof Uint8Array ? [source] : source)
          await file.writeFile(piece);
      } finally {
        await file.close();
      }
      return size();
    },
    finish: async ({ mediaType }) => {
      // Nothing arrived is a file of no bytes, which has a digest too.
      await appendFile(path, "");
      const hash = createHash("sha256");
      await pipeline(createReadStream(path), hash);
      const found: Digest = `sha256:${hash.digest("hex")}`;
      if (found !== digest) {
        await rm(path, { force: true });
        throw wrongDigest(digest, found);
      }
      const total = await size();
      await keep(path, digest);
      return { mediaType, digest, size: total };
    },
  };
}

const notThere = (digest: Digest, { arrived, from }: { arrived: number; from: number }): Problem =>
  new Problem("E_STATE", `The upload of ${digest} stands at byte ${arrived}, not at ${from}.`, {
    next: `Send the bytes from ${arrived} on.`,
  });
