import type { Readable } from "node:stream";
import type { Descriptor, Digest } from "@jackfield/spec/event/artifact";

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

/** An upload of one artifact in pieces. What has arrived stays, also when the connection or the process breaks. */
export interface PartialUpload {
  /** Bytes that have arrived so far: where the next piece must begin. */
  size(): Promise<number>;
  /** Adds a piece that begins at byte `from`; returns the new size. @throws E_STATE if the upload is not at `from`. */
  append(source: Source, from: number): Promise<number>;
  /** Checks all bytes and keeps them. @throws E_DIGEST, and forgets the upload, if they are not those of the digest. */
  finish(options: { mediaType: string }): Promise<Descriptor>;
}
