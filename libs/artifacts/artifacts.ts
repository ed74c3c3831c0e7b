import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Problem } from "@jackfield/problem/problem";
import type { Descriptor, Digest } from "@jackfield/spec/event/artifact";
import { openFolder } from "./folder.ts";
import type { PartialUpload } from "./partial-upload.ts";

/** Bytes as they come: in one piece, or as a stream of pieces (a Node `Readable` is one). */
export type Source = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  mediaType: string;
  /** Refuse bytes that have another digest. */
  expect?: Digest;
  name?: string;
}

/** A part of an artifact: bytes `from` up to, not including, `to`; the whole when both are absent. */
export interface ByteRange {
  from?: number;
  to?: number;
}

export interface OpenArtifact {
  /** Size of the whole artifact in bytes, whatever part was asked for. */
  size: number;
  bytes: Readable;
}

/** Immutable bytes, named by their SHA-256. What is missing is E_ARTIFACT_GONE. */
export interface Artifacts {
  /** Keeps the bytes. Keeping the same bytes again changes nothing. @throws E_DIGEST if `expect` is not their digest. */
  put(source: Source, options: PutOptions): Promise<Descriptor>;
  putFile(path: string, options: PutOptions): Promise<Descriptor>;
  has(digest: Digest): Promise<boolean>;
  open(digest: Digest, range?: ByteRange): Promise<OpenArtifact>;
  /** The whole artifact in memory, its digest checked. @throws E_DIGEST if the disk changed it. */
  read(digest: Digest): Promise<Uint8Array>;
  /** Path of a local file with these bytes, to be read only. */
  pathOf(digest: Digest): Promise<string>;
  /** An upload that may come in pieces, over several connections. */
  partial(digest: Digest): PartialUpload;
}

/** `file:///folder` → the store in that folder, made when it is not there. @throws E_CONFIG for any other kind of URL. */
export async function openArtifacts(url: string): Promise<Artifacts> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "file:" || parsed.host !== "") {
    throw new Problem("E_CONFIG", `Artifacts cannot be kept at ${withoutSecrets(url)}.`, {
      why: "This release keeps artifacts in a folder of this machine only.",
      next: "Set JACKFIELD_ARTIFACTS_URL to file:///path/to/a/folder.",
    });
  }
  return openFolder(fileURLToPath(parsed));
}

const withoutSecrets = (url: string): string => url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/s, "");
