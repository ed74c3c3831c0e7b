import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Problem } from "@jackfield/problem/problem";
import { digestOf } from "@jackfield/spec/event/canonical";
import { create, extract } from "tar";
import { allFiles, treeFiles, type TreeFile } from "./tree-files.ts";

export const treeMediaType = "application/x-tar";
export const treeLimitBytes = 100 * 1024 * 1024;

/** A folder as one tar: equal content gives equal bytes, wherever and whenever it is packed. */
export interface PackedTree {
  bytes: Buffer;
  digest: string;
  files: TreeFile[];
}

/** Packs the code tree in a folder. @throws E_TREE_TOO_LARGE naming the largest files; E_NOT_FOUND when it is empty. */
export async function packTree(folder: string, limitBytes = treeLimitBytes): Promise<PackedTree> {
  const files = await treeFiles(folder);
  if (files.length === 0) throw new Problem("E_NOT_FOUND", `There is no file to pack in ${folder}.`);
  return pack(folder, files, limitBytes);
}

/** Packs every file below a folder (a model that is a folder). @throws E_TREE_TOO_LARGE */
export const packFolder = async (folder: string, limitBytes: number): Promise<PackedTree> =>
  pack(folder, await allFiles(folder), limitBytes);

/** Unpacks a tree from a file into a folder that is made when it is not there. @throws E_INVALID if it is no tar. */
export async function unpackTree(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const unpack = extract({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    filter: (_path, entry) => "type" in entry && ["File", "OldFile", "SymbolicLink"].includes(entry.type),
  });
  await pipeline(createReadStream(archive), unpack).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem("E_INVALID", `The code tree cannot be unpacked: ${reason}.`, { cause });
  });
}

async function pack(folder: string, files: TreeFile[], limitBytes: number): Promise<PackedTree> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > limitBytes) throw tooLarge(folder, files, { size, limitBytes });
  const archive = create(
    {
      cwd: folder,
      portable: true,
      noDirRecurse: true,
      mtime: new Date(0),
      onWriteEntry: (entry) => {
        // As git does: of the rights only "may be executed" belongs to the content.
        if (entry.stat?.isFile() === true) entry.stat.mode = (entry.stat.mode & 0o100) === 0 ? 0o644 : 0o755;
      },
    },
    // A leading @ would name another archive.
    files.map(({ path }) => `./${path}`),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { bytes, digest: digestOf(bytes), files };
}

function tooLarge(
  folder: string,
  files: readonly TreeFile[],
  { size, limitBytes }: { size: number; limitBytes: number },
): Problem {
  const largest = [...files].sort((a, b) => b.size - a.size).slice(0, 5);
  return new Problem(
    "E_TREE_TOO_LARGE",
    `The tree has ${megabytes(size)} in ${files.length} files; at most ${megabytes(limitBytes)} are packed.`,
    {
      why: `The largest: ${largest.map((file) => `${file.path} (${megabytes(file.size)})`).join(", ")}.`,
      here: folder,
      next: "Name what is not code in .gitignore; data comes through fetch, not with the tree.",
    },
  );
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
