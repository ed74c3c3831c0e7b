import { stat } from "node:fs/promises";
import { extname } from "node:path";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { packFolder, treeMediaType } from "@jackfield/executor/code-tree";
import type { CommandOutputs } from "@jackfield/executor/outputs";
import type { Descriptor } from "@jackfield/spec/event/artifact";

const bytesType = "application/octet-stream";
/** A folder is packed in memory. */
const modelFolderLimitBytes = 1024 * 1024 * 1024;

const mediaTypes: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".csv": "text/csv",
  ".md": "text/markdown",
  ".txt": "text/plain",
  ".html": "text/html",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".parquet": "application/vnd.apache.parquet",
};

const mediaTypeOf = (name: string): string => mediaTypes[extname(name)] ?? bytesType;

/** Keeps a model as it is; a folder as a tar with equal bytes for equal content. */
export async function keepModel(
  artifacts: Artifacts,
  model: NonNullable<CommandOutputs["model"]>,
): Promise<Descriptor> {
  if (!model.folder) {
    return artifacts.putFile(model.path, { mediaType: mediaTypeOf(model.name), name: model.name });
  }
  const { bytes } = await packFolder(model.path, modelFolderLimitBytes);
  return artifacts.put(bytes, { mediaType: treeMediaType, name: `${model.name}.tar` });
}

export async function keepFiles(artifacts: Artifacts, files: CommandOutputs["files"]): Promise<Descriptor[]> {
  const kept: Descriptor[] = [];
  for (const { path, name } of files) {
    kept.push(await artifacts.putFile(path, { mediaType: mediaTypeOf(name), name: name.slice(-200) }));
  }
  return kept;
}

export const keepSummary = (artifacts: Artifacts, summary: string): Promise<Descriptor> =>
  artifacts.put(Buffer.from(summary), { mediaType: "text/markdown", name: "summary.md" });

/** Logs that hold something, as artifacts. */
export async function keepLogs(artifacts: Artifacts, logs: Record<string, string>): Promise<Descriptor[]> {
  const kept: Descriptor[] = [];
  for (const [name, path] of Object.entries(logs)) {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > 0) kept.push(await artifacts.putFile(path, { mediaType: "text/plain; charset=utf-8", name }));
  }
  return kept;
}
