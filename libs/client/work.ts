import { isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import type { Descriptor } from "@jackfield/spec/event/artifact";
import type { codeVersion } from "@jackfield/spec/project/code";
import type { Server } from "./server.ts";
import { uploadBytes, uploadFile } from "./upload.ts";

export type CodeVersion = z.output<typeof codeVersion>;

/** A project, and the folder from which its paths are read. */
export interface Place {
  folder: string;
  project: string;
}

/** Packs the code tree of a project's folder and uploads it: HEAD when clean, else the working tree, marked. */
export async function uploadCode(server: Server, { folder, project }: Place): Promise<CodeVersion> {
  const { packTree, treeMediaType } = await import("@jackfield/executor/code-tree");
  const { treeOrigin } = await import("@jackfield/executor/tree-files");
  const [{ bytes }, origin] = await Promise.all([packTree(folder), treeOrigin(folder)]);
  const tree = await uploadBytes(server, bytes, {
    mediaType: treeMediaType,
    name: "code.tar",
    reader: { project },
  });
  return {
    tree,
    dirty: origin.dirty,
    changedFiles: origin.changedFiles,
    ...(origin.commit !== undefined && { commit: origin.commit }),
  };
}

/** The file behind `fetch.from`: a relative path lies beside the project file; anything else the fetch service reads itself. */
export async function uploadSource(
  server: Server,
  from: string,
  { folder, project }: Place,
): Promise<Record<string, Descriptor>> {
  if (isAbsolute(from) || /^[a-z][a-z0-9+.-]*:/.test(from)) return {};
  return { fetch: await uploadFile(server, join(folder, from), { name: from, reader: { project } }) };
}

/** `--data FILE`: this file for this run, whatever the project says. */
export const uploadData = async (
  server: Server,
  path: string,
  { folder, project }: Place,
): Promise<Record<string, Descriptor>> => ({
  fetch: await uploadFile(server, resolve(folder, path), { name: path, reader: { project } }),
});

/** `--set trees=30`-like words → values by path in the configuration. `params.x` is short for `train.params.x`. */
export function readSettings(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    words.map((word) => {
      const cut = word.indexOf("=");
      if (cut <= 0) {
        throw new Problem("E_USAGE", `--set ${word} has no value`, {
          next: "write --set train.params.trees=30",
        });
      }
      const path = word.slice(0, cut).replace(/^params\./, "train.params.");
      const value: unknown = parse(word.slice(cut + 1), { version: "1.2", schema: "core" });
      return [path, value];
    }),
  );
}
