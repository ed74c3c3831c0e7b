import type { Readable } from "node:stream";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { Problem } from "@jackfield/problem/problem";
import type { Descriptor, Digest } from "@jackfield/spec/event/artifact";
import type { Piece } from "./byte-range.ts";

export interface Uploaded {
  descriptor: Descriptor;
  /** 201 it is new, 200 it was there, 202 there is more to come. */
  status: 200 | 201 | 202;
}

/** Takes bytes under their digest, whole or in pieces. */
export class Uploads {
  readonly #artifacts: Artifacts;
  /** Uploads in pieces that are on their way: digest → how to end it. */
  readonly #running = new Map<Digest, { source: Readable; done: Promise<unknown> }>();

  constructor(artifacts: Artifacts) {
    this.#artifacts = artifacts;
  }

  /** @throws Problem E_DIGEST, and E_STATE that says at which byte a piece has to begin. */
  async take(digest: Digest, mediaType: string, source: Readable, piece?: Piece): Promise<Uploaded> {
    const size = await this.#sizeOf(digest);
    if (size !== undefined) {
      source.resume();
      return { descriptor: { mediaType, digest, size }, status: 200 };
    }
    if (piece !== undefined) return this.#takePiece({ digest, mediaType }, source, piece);
    return {
      descriptor: await this.#artifacts.put(source, { mediaType, expect: digest }),
      status: 201,
    };
  }

  async #sizeOf(digest: Digest): Promise<number | undefined> {
    if (!(await this.#artifacts.has(digest))) return undefined;
    return (await this.#artifacts.open(digest, { from: 0, to: 0 })).size;
  }

  async #takePiece(
    { digest, mediaType }: Pick<Descriptor, "digest" | "mediaType"> & { digest: Digest },
    source: Readable,
    { from, total }: Piece,
  ): Promise<Uploaded> {
    const upload = this.#artifacts.partial(digest);
    const end = from === undefined ? await upload.size() : await this.#append(digest, source, from);
    if (total !== undefined && end === total)
      return { descriptor: await upload.finish({ mediaType }), status: 201 };
    if (from === undefined || (total !== undefined && end > total)) throw standsAt(digest, end);
    return { descriptor: { mediaType, digest, size: end }, status: 202 };
  }

  /** A broken connection may not be noticed for a while; whoever comes again with the same bytes ends the old one. */
  async #append(digest: Digest, source: Readable, from: number): Promise<number> {
    const before = this.#running.get(digest);
    before?.source.destroy();
    await before?.done.catch(() => undefined);
    const done = this.#artifacts.partial(digest).append(source, from);
    const running = { source, done };
    this.#running.set(digest, running);
    return done.finally(() => {
      if (this.#running.get(digest) === running) this.#running.delete(digest);
    });
  }
}

const standsAt = (digest: Digest, size: number): Problem =>
  new Problem("E_STATE", `The upload of ${digest} stands at byte ${size}.`, {
    next: `Send the bytes from ${size} on, with Content-Range.`,
  });
