import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { Problem } from "@jackfield/problem/problem";
import type { Descriptor, Digest } from "@jackfield/spec/event/artifact";
import type { Artifacts, ByteRange, OpenArtifact, PutOptions, Source } from "./store.ts";
import { digestOf, hexOf, wrongDigest } from "./digest.ts";
import { partialUpload } from "./partial-upload.ts";

/**
 * The store in one folder: `sha256/ab/<hex>` holds the bytes, `incoming/` what is being written.
 * Both lie on one file system, so a name appears only with all of its bytes behind it.
 */
export async function openFolder(root: string): Promise<Artifacts> {
  const incoming = join(root, "incoming");
  await mkdir(incoming, { recursive: true });
  const place = (digest: Digest): string => {
    const hex = hexOf(digest);
    return join(root, "sha256", hex.slice(0, 2), hex);
  };
  const keep = (path: string, digest: Digest): Promise<void> => moveInto(path, place(digest));
  const put = async (source: Source, options: PutOptions): Promise<Descriptor> => {
    const path = join(incoming, randomUUID());
    try {
      const { digest, size } = await writeAndHash(path, source);
      if (options.expect !== undefined && options.expect !== digest)
        throw wrongDigest(options.expect, digest);
      await keep(path, digest);
      const { mediaType, name } = options;
      return { mediaType, digest, size, ...(name !== undefined && { name }) };
    } finally {
      await rm(path, { force: true });
    }
  };
  const pathOf = async (digest: Digest): Promise<string> => {
    const path = place(digest);
    if (!(await exists(path))) throw gone(digest);
    return path;
  };
  return {
    put,
    putFile: (path, options) => put(createReadStream(path), options),
    has: (digest) => exists(place(digest)),
    open: (digest, range) => openFile(pathOf(digest), range),
    read: async (digest) => readChecked(await pathOf(digest), digest),
    pathOf,
    partial: (digest) => partialUpload(digest, { path: join(incoming, `${hexOf(digest)}.part`), keep }),
  };
}

async function writeAndHash(path: string, source: Source): Promise<{ digest: Digest; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const file = await open(path, "wx");
  try {
    for await (const piece of source instanceof Uint8Array ? [source] : source) {
      hash.update(piece);
      size += piece.byteLength;
      await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** A descriptor is published after this returns, so file and name must survive a power cut. */
async function moveInto(path: string, target: string): Promise<void> {
  if (await exists(target)) {
    await rm(path, { force: true });
    return;
  }
  await chmod(path, 0o444);
  await flush(path);
  await mkdir(dirname(target), { recursive: true });
  await rename(path, target);
  await flush(dirname(target));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readChecked(path: string, digest: Digest): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const found = digestOf(bytes);
  if (found !== digest) throw wrongDigest(digest, found);
  return bytes;
}

async function openFile(whenFound: Promise<string>, { from = 0, to }: ByteRange = {}): Promise<OpenArtifact> {
  const path = await whenFound;
  const { size } = await stat(path);
  const end = Math.min(to ?? size, size);
  if (from < 0 || from > end) {
    throw new Problem("E_INVALID", `There are no bytes ${from} to ${end} in an artifact of ${size} bytes.`);
  }
  const nothing: Uint8Array[] = [];
  const bytes = from === end ? Readable.from(nothing) : createReadStream(path, { start: from, end: end - 1 });
  return { size, bytes };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const gone = (digest: Digest): Problem =>
  new Problem("E_ARTIFACT_GONE", `The bytes of ${digest} are not there.`, {
    why: "They were forgotten, removed from the disk, or never uploaded.",
    next: "Upload them again, or run what made them again.",
  });
