import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Digest } from "@jackfield/spec/event/artifact";
import { openArtifacts, type Artifacts } from "./artifacts.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const nameOf = (text: string): Digest => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const rain = "a day of rain";

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

async function* inPieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytesOf(text);
}

let root: string;
let artifacts: Artifacts;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "jackfield-artifacts-"));
  artifacts = await openArtifacts(pathToFileURL(root).href);
});
afterEach(() => rm(root, { recursive: true }));

const leftovers = (): Promise<string[]> => readdir(join(root, "incoming"));

describe("keeping bytes", () => {
  test("bytes are named by their SHA-256 and come back as they were", async () => {
    const kept = await artifacts.put(inPieces("a day ", "of rain"), { mediaType: "text/plain" });
    expect(kept).toEqual({ mediaType: "text/plain", digest: nameOf(rain), size: 13 });
    expect(Buffer.from(await artifacts.read(kept.digest)).toString()).toBe(rain);
    expect(await leftovers()).toEqual([]);
  });

  test("keeping the same bytes again, or a hundred times at once, changes nothing", async () => {
    const puts = Array.from({ length: 100 }, () => artifacts.put(bytesOf(rain), { mediaType: "text/plain" }));
    expect(new Set((await Promise.all(puts)).map((kept) => kept.digest)).size).toBe(1);
    expect(await readdir(join(root, "sha256"))).toHaveLength(1);
    expect(await leftovers()).toEqual([]);
  });

  test("bytes that are not those of the digest they are sent under are refused and leave nothing", async () => {
    const put = artifacts.put(bytesOf("sun"), { mediaType: "text/plain", expect: nameOf(rain) });
    await expect(put).rejects.toMatchObject({ code: "E_DIGEST" });
    expect(await artifacts.has(nameOf(rain))).toBe(false);
    expect(await artifacts.has(nameOf("sun"))).toBe(false);
    expect(await leftovers()).toEqual([]);
  });

  test("a source that breaks in the middle leaves nothing", async () => {
    async function* breaks(): AsyncGenerator<Uint8Array> {
      yield bytesOf("a day");
      throw new Error("connection lost");
    }
    await expect(artifacts.put(breaks(), { mediaType: "text/plain" })).rejects.toThrow("connection lost");
    expect(await leftovers()).toEqual([]);
  });

  test("a file keeps its name in the descriptor and may change afterwards", async () => {
    const path = join(root, "notes.txt");
    await writeFile(path, rain);
    const kept = await artifacts.putFile(path, { mediaType: "text/plain", name: "notes.txt" });
    await writeFile(path, "changed");
    expect(kept.name).toBe("notes.txt");
    expect(Buffer.from(await artifacts.read(kept.digest)).toString()).toBe(rain);
  });
});

describe("reading", () => {
  test.each([
    [{}, rain],
    [{ from: 2 }, "day of rain"],
    [{ from: 2, to: 5 }, "day"],
    [{ from: 9, to: 99 }, "rain"],
    [{ from: 13 }, ""],
  ])("the part %j of an artifact is %j", async (range, expected) => {
    const { digest } = await artifacts.put(bytesOf(rain), { mediaType: "text/plain" });
    const part = await artifacts.open(digest, range);
    expect([part.size, await textOf(part.bytes)]).toEqual([13, expected]);
  });

  test("what is missing is named, by every way of reading", async () => {
    const problem = { code: "E_ARTIFACT_GONE" };
    await expect(artifacts.open(nameOf(rain))).rejects.toMatchObject(problem);
    await expect(artifacts.read(nameOf(rain))).rejects.toMatchObject(problem);
    await expect(artifacts.pathOf(nameOf(rain))).rejects.toMatchObject(problem);
  });

  test("bytes that the disk changed are not handed out as if they were right", async () => {
    const { digest } = await artifacts.put(bytesOf(rain), { mediaType: "text/plain" });
    const path = await artifacts.pathOf(digest);
    await chmod(path, 0o644);
    await writeFile(path, "a day of sun!");
    await expect(artifacts.read(digest)).rejects.toMatchObject({ code: "E_DIGEST" });
  });

  test("a digest that is a path leads nowhere", async () => {
    const digest: Digest = `sha256:../../etc/passwd`;
    await expect(artifacts.pathOf(digest)).rejects.toMatchObject({ code: "E_INVALID" });
    expect(() => artifacts.partial(digest)).toThrow("not the digest");
  });
});

describe("an upload in pieces", () => {
  test("goes on where it broke, also in another process", async () => {
    await artifacts.partial(nameOf(rain)).append(bytesOf("a day "), 0);
    const again = (await openArtifacts(pathToFileURL(root).href)).partial(nameOf(rain));
    expect(await again.size()).toBe(6);
    await expect(again.append(bytesOf("a day "), 0)).rejects.toMatchObject({ code: "E_STATE" });
    await again.append(inPieces("of ", "rain"), 6);
    expect(await again.finish({ mediaType: "text/plain" })).toMatchObject({ digest: nameOf(rain), size: 13 });
    expect(Buffer.from(await artifacts.read(nameOf(rain))).toString()).toBe(rain);
    expect(await leftovers()).toEqual([]);
  });

  test("is checked at its end, and begins anew when the bytes are wrong", async () => {
    const upload = artifacts.partial(nameOf(rain));
    await upload.append(bytesOf("sun"), 0);
    await expect(upload.finish({ mediaType: "text/plain" })).rejects.toMatchObject({ code: "E_DIGEST" });
    expect(await upload.size()).toBe(0);
    expect(await artifacts.has(nameOf(rain))).toBe(false);
  });
});

test.each(["s3://bucket/models", "/plain/path", "file://host/share", "https://user:secret@store/x"])(
  "a store at %s is refused, and the refusal says what is supported",
  async (url) => {
    const refusal: unknown = await openArtifacts(url).catch((problem: unknown) => problem);
    expect(refusal).toMatchObject({ code: "E_CONFIG", next: expect.stringContaining("file:///") as string });
    expect(String(refusal)).not.toContain("secret");
  },
);
