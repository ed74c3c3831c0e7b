import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { packFolder, treeMediaType } from "@jackfield/executor/code-tree";
import { requireModel, requirePredictions, type CommandOutputs } from "@jackfield/executor/outputs";
import type { ContractEnd } from "@jackfield/executor/run-contract";
import { parquetType, type Descriptor } from "@jackfield/spec/event/artifact";
import type { Server } from "../server.ts";
import { mediaTypeOf, uploadBytes, uploadFile, type Reader } from "../upload.ts";
import { columnTypes, withFiles } from "./output-files.ts";
import { readPredictions } from "./predictions.ts";

const modelLimitBytes = 2 * 1024 ** 3;

export interface Keeping {
  server: Server;
  reader: Reader;
}

export interface About {
  capability: string;
  /** What the command was given, with its references. */
  inputs: unknown;
  testIds: string[] | undefined;
}

/** Uploads what a command left, and says it in the words of the capability's contract. @throws E_NO_MODEL, E_NO_PREDICTIONS, … */
export async function keepOutputs(
  { outputs, environment }: ContractEnd,
  { capability, inputs, testIds }: About,
  keeping: Keeping,
): Promise<Record<string, unknown>> {
  if (outputs === undefined) return {};
  if (capability !== "train") return keepTyped(outputs, inputs, keeping);
  const files: Descriptor[] = [];
  for (const { name, path } of outputs.files)
    files.push(
      await uploadFile(keeping.server, path, { name, mediaType: mediaTypeOf(name), reader: keeping.reader }),
    );
  const model = await keepModel(requireModel(outputs), keeping);
  const predictions = await readPredictions(requirePredictions(outputs), testIds);
  const stored = await keepBytes(predictions.bytes, "predictions", parquetType, keeping);
  return {
    model,
    predictions: { ...stored, rows: predictions.rows.length, columns: predictions.columns },
    metrics: outputs.metrics,
    environment,
    files,
    ...(outputs.summary !== undefined && {
      summary: await keepBytes(Buffer.from(outputs.summary), "summary.md", "text/markdown", keeping),
    }),
    ...outputs.output,
  };
}

/** Other capabilities: `output.json` is the typed output, over what `metrics.json` says. */
async function keepTyped(
  { output, metrics, files }: CommandOutputs,
  inputs: unknown,
  keeping: Keeping,
): Promise<Record<string, unknown>> {
  const { server, reader } = keeping;
  const keep = {
    bytes: (bytes: Uint8Array, name: string) => keepBytes(bytes, name, parquetType, keeping),
    file: (path: string, name: string) =>
      uploadFile(server, path, { name, mediaType: mediaTypeOf(name), reader }),
  };
  const whole = await withFiles(output ?? {}, { files, types: columnTypes(inputs), keep });
  return { ...(Object.keys(metrics).length > 0 && { metrics }), ...(whole as object) };
}

const keepBytes = (
  bytes: Uint8Array,
  name: string,
  mediaType: string,
  { server, reader }: Keeping,
): Promise<Descriptor> => uploadBytes(server, bytes, { name, mediaType, reader });

async function keepModel(
  { path, name, folder }: ReturnType<typeof requireModel>,
  keeping: Keeping,
): Promise<Descriptor> {
  if (!folder) return uploadFile(keeping.server, path, { name, reader: keeping.reader });
  const { bytes } = await packFolder(path, modelLimitBytes);
  return keepBytes(bytes, `${name}.tar`, treeMediaType, keeping);
}

/** stdout and stderr, as far as anything was written. */
export async function keepLogs(folder: string, { server, reader }: Keeping): Promise<Descriptor[]> {
  const logs: Descriptor[] = [];
  for (const name of ["stdout.log", "stderr.log"]) {
    const path = join(folder, name);
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (size > 0) logs.push(await uploadFile(server, path, { name, mediaType: "text/plain", reader }));
  }
  return logs;
}

/** A folder for logs that is empty. */
export async function freshFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  return path;
}
