import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { asProblem, Problem } from "@jackfield/problem/problem";
import type { Digest } from "@jackfield/spec/event/artifact";
import { mostItems } from "@jackfield/spec/project/workflow";

/** Lines that are read together. */
interface Chunk {
  /** The first line of it, from 0, and the byte at which that begins. */
  line: number;
  byte: number;
}

interface KnownList {
  chunks: Chunk[];
  lines: number;
  bytes: number;
  /** The chunk that was read last: items are given out in order, so it mostly holds the next one too. */
  held?: HeldChunk;
}

interface HeldChunk {
  line: number;
  values: unknown[];
}

const chunkBytes = 131_072;

/**
 * Lists that lie in artifacts, a JSON value a line. A list is read through once, to count and check it; after that only
 * the chunk that is worked on is in memory.
 */
export class Lists {
  readonly #artifacts: () => Artifacts;
  readonly #onRead: () => void;
  readonly #known = new Map<Digest, KnownList | Problem | "reading">();

  /** `onRead` is called when a list was read through, so that whoever waits for it asks again. */
  constructor(artifacts: () => Artifacts, onRead: () => void) {
    this.#artifacts = artifacts;
    this.#onRead = onRead;
  }

  /** How many lines a list has, or why it is none; "reading" while nobody knows yet. */
  lengthOf(digest: Digest): number | Problem | "reading" {
    const known = this.#known.get(digest);
    if (known === undefined) void this.#read(digest);
    if (known === undefined || known === "reading") return "reading";
    if (!(known instanceof Problem)) return known.lines;
    // Whoever comes later looks again: the bytes may have come back.
    this.#known.delete(digest);
    return known;
  }

  /** The value in a line of a list whose length is known. */
  async line(digest: Digest, index: number): Promise<unknown> {
    const known = this.#known.get(digest);
    if (known === undefined || known === "reading" || known instanceof Problem)
      throw new Error(`the list ${digest} was not read through`);
    const { held } = known;
    const holds = held !== undefined && index >= held.line && index < held.line + held.values.length;
    const chunk = holds ? held : await this.#chunkOf(digest, known, index);
    known.held = chunk;
    return chunk.values[index - chunk.line];
  }

  /** Nobody works through it any more. */
  forget(digest: Digest): void {
    if (this.#known.get(digest) !== "reading") this.#known.delete(digest);
  }

  async #read(digest: Digest): Promise<void> {
    this.#known.set(digest, "reading");
    try {
      const { bytes } = await this.#artifacts().open(digest);
      this.#known.set(digest, await readThrough(bytes));
    } catch (error) {
      this.#known.set(digest, asProblem(error));
    }
    this.#onRead();
  }

  async #chunkOf(digest: Digest, { chunks, bytes }: KnownList, index: number): Promise<HeldChunk> {
    const next = chunks.findIndex(({ line }) => line > index);
    const chunk = chunks.at(next < 0 ? -1 : next - 1) ?? { line: 0, byte: 0 };
    const to = next < 0 ? bytes : chunks[next]?.byte;
    const part = await this.#artifacts().open(digest, { from: chunk.byte, ...(to !== undefined && { to }) });
    const values: unknown[] = [];
    for await (const { text } of linesOf(part.bytes)) values.push(JSON.parse(text));
    return { line: chunk.line, values };
  }
}

/** Counts and checks the lines, and notes where each chunk begins. @throws Problem E_LIST for what is no JSON. */
async function readThrough(source: AsyncIterable<Uint8Array>): Promise<KnownList> {
  const known: KnownList = { chunks: [], lines: 0, bytes: 0 };
  for await (const { text, byte, next } of linesOf(source)) {
    if (byte - (known.chunks.at(-1)?.byte ?? -Infinity) >= chunkBytes)
      known.chunks.push({ line: known.lines, byte });
    checkLine(text, known.lines);
    known.lines += 1;
    known.bytes = next;
  }
  return known;
}

function checkLine(text: string, line: number): void {
  if (line >= mostItems) throw noList(`it has more than ${mostItems} lines`);
  try {
    JSON.parse(text);
  } catch {
    throw noList(`line ${line + 1} is no JSON: ${text.slice(0, 40)}`);
  }
}

const noList = (why: string): Problem =>
  new Problem("E_LIST", "A foreach cannot go through this list.", {
    why,
    next: "write one JSON value a line, none of them empty",
  });

/** A line break ends a line; the last one may lack it. Positions are bytes. */
async function* linesOf(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ text: string; byte: number; next: number }> {
  let rest = Buffer.alloc(0);
  let byte = 0;
  for await (const piece of source) {
    rest = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, from)) {
      yield { text: rest.toString("utf8", from, end), byte: byte + from, next: byte + end + 1 };
      from = end + 1;
    }
    byte += from;
    rest = rest.subarray(from);
  }
  if (rest.length > 0) yield { text: rest.toString("utf8"), byte, next: byte + rest.length };
}
