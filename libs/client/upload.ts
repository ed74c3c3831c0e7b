import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { Readable } from "node:stream";
import { Problem } from "@jackfield/problem/problem";
import type { Descriptor } from "@jackfield/spec/event/artifact";
import { parquetType } from "@jackfield/spec/event/artifact";
import { digestOf } from "@jackfield/spec/event/canonical";
import { segment, type Server } from "./server.ts";

const mediaTypes: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".parquet": parquetType,
  ".json": "application/json",
  ".jsonl": "application/x-ndjson",
  ".md": "text/markdown",
  ".txt": "text/plain",
  ".log": "text/plain",
};

export const mediaTypeOf = (name: string): string =>
  mediaTypes[extname(name).toLowerCase()] ?? "application/octet-stream";

/** Bytes that are named: what lies under the digest already is not sent again. */
export async function uploadBytes(
  server: Server,
  bytes: Uint8Array,
  { mediaType, name, reader }: { mediaType: string; name: string; reader: Reader },
): Promise<Descriptor> {
  const digest = digestOf(bytes);
  if (!(await isThere(server, digest, reader))) {
    await put(server, { digest, mediaType, size: bytes.length, reader }, () => new Uint8Array(bytes));
  }
  return { mediaType, digest, size: bytes.length, name };
}

/** A file of any size, read twice: once for its name, once to send it. @throws E_SOURCE when it is not there. */
export async function uploadFile(
  server: Server,
  path: string,
  { name = basename(path), mediaType = mediaTypeOf(path), reader }: UploadOptions,
): Promise<Descriptor> {
  const { digest, size } = await measure(path);
  if (!(await isThere(server, digest, reader))) {
    await put(server, { digest, mediaType, size, reader }, () => Readable.toWeb(createReadStream(path)));
  }
  return { mediaType, digest, size, name };
}

export interface UploadOptions {
  name?: string;
  mediaType?: string;
  reader: Reader;
}

async function measure(path: string): Promise<{ digest: string; size: number }> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true)
    throw new Problem("E_SOURCE", `There is no file ${path}`, {
      next: "correct fetch in jackfield.yaml, or name a file: --data FILE",
    });
  const hash = createHash("sha256");
  await using file = await open(path);
  for await (const chunk of file.createReadStream()) hash.update(chunk as Buffer);
  return { digest: `sha256:${hash.digest("hex")}`, size: found.size };
}

async function isThere(server: Server, digest: string, reader: Reader): Promise<boolean> {
  try {
    await server.ask(`/v1/artifacts/${segment(digest)}`, { method: "HEAD", query: { ...reader } });
    return true;
  } catch (thrown) {
    // Not there, or not ours to read: sending it is right in both cases.
    if (thrown instanceof Problem && thrown.code !== "E_UNREACHABLE") return false;
    throw thrown;
  }
}

interface Named {
  digest: string;
  mediaType: string;
  size: number;
  reader: Reader;
}

async function put(
  server: Server,
  { digest, mediaType, size, reader }: Named,
  body: () => NonNullable<RequestInit["body"]>,
): Promise<void> {
  const options = {
    method: "PUT",
    headers: { "content-type": mediaType, "content-length": String(size) },
    // Bytes are named by their content, so sending them again after a break is harmless.
    duplex: "half" as const,
  };
  const query = "token" in reader ? { token: reader.token } : {};
  await server.ask(`/v1/artifacts/${segment(digest)}`, { ...options, query, body: body() });
}

/** Who may read: everybody of a project whose events refer to the bytes, or who holds a task's token. */
export type Reader = { project: string } | { token: string };

/** The bytes of an artifact, whole. @throws E_NOT_FOUND, E_DIGEST */
export async function download(server: Server, digest: string, reader: Reader): Promise<Uint8Array> {
  const response = await server.ask(`/v1/artifacts/${segment(digest)}`, { query: { ...reader } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (digestOf(bytes) === digest) return bytes;
  throw new Problem("E_DIGEST", `What came for ${digest} has other content`, { next: "try again" });
}
