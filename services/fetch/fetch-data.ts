import { open } from "node:fs/promises";
import { basename, extname, isAbsolute } from "node:path";
import type { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { Problem } from "@jackfield/problem/problem";
import { keepTable } from "@jackfield/service/keep-table";
import { answered, type Answered } from "@jackfield/service/on";
import type { Table } from "@jackfield/spec/event/artifact";
import type { fetch } from "@jackfield/spec/fetch";
import type { FetchRule } from "@jackfield/spec/project/rules";
import { importTable, type ImportRule } from "@jackfield/tables/import-table";
import type { Format } from "@jackfield/tables/source";
import { insideRoots } from "./roots.ts";

type Input = z.output<typeof fetch.input>;
type Output = z.input<typeof fetch.output>;

/** Reads a source once and leaves a data version: equal content and rule, equal digest. */
export const fetchData =
  ({ artifacts, roots }: { artifacts: Artifacts; roots: readonly string[] }) =>
  async ({ source, file }: Input): Promise<Answered<Output>> => {
    const path =
      file === undefined ? await pathOfSource(source.from, roots) : await artifacts.pathOf(file.digest);
    const format = source.format ?? formatOfName(source.from) ?? (await formatOfBytes(path));
    const read = { path, called: source.from, format };
    const name = basename(source.from, extname(source.from));
    const dataset = await keepTable(artifacts, name, (to) => importTable(read, ruleOf(source), to));
    const key = keyOf(source);
    return answered(
      { dataset, version: dataset.digest, key: key.length === 0 ? ["content"] : key },
      { message: inWords(dataset) },
    );
  };

async function pathOfSource(from: string, roots: readonly string[]): Promise<string> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(from)?.[1];
  if (scheme !== undefined) {
    throw new Problem("E_SOURCE", `Sources at ${scheme}:// are not read by this release.`, {
      next: "Give a file: a path beside the project file, or an absolute one in a folder that fetch may read.",
    });
  }
  if (!isAbsolute(from)) {
    throw new Problem("E_SOURCE", `${from} was not uploaded.`, {
      why: "A relative path lies beside the project file, where only the client can read it.",
      next: "Start the run with `jackfield run` in the folder of the project file, or send the file as an artifact.",
    });
  }
  return insideRoots(from, roots);
}

const keyOf = ({ key }: FetchRule): string[] => (typeof key === "string" ? [key] : (key ?? []));

const ruleOf = (source: FetchRule): ImportRule => ({
  key: keyOf(source),
  ...(source.columns !== undefined && { columns: source.columns }),
  ...(source.where !== undefined && { where: source.where }),
  ...(source.sort !== undefined && { sort: source.sort }),
  ...(source.limit !== undefined && { limit: source.limit }),
});

const formatsByEnd: Record<string, Format | undefined> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "csv",
  ".json": "json",
  ".jsonl": "json",
  ".ndjson": "json",
  ".parquet": "parquet",
  ".pq": "parquet",
};

const formatOfName = (from: string): Format | undefined => formatsByEnd[extname(from).toLowerCase()];

/** A name without a known end: Parquet begins with PAR1, JSON with a bracket or brace, all else is taken for CSV. */
async function formatOfBytes(path: string): Promise<Format> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    const start = buffer.subarray(0, bytesRead).toString("latin1");
    if (start.startsWith("PAR1")) return "parquet";
    return /^\s*[[{]/.test(start) ? "json" : "csv";
  } finally {
    await file.close();
  }
}

const inWords = ({ rows, columns, digest }: Table): string =>
  `${rows} ${rows === 1 ? "row" : "rows"} × ${columns.length}, data ${digest.slice(0, "sha256:".length + 4)}…`;
