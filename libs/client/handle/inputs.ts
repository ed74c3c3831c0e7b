import { writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { WorkingFolder } from "@jackfield/executor/working-folder";
import {
  descriptor,
  parquetType,
  rowIdColumn,
  table,
  type Column,
  type Table,
} from "@jackfield/spec/event/artifact";
import { csvOf, readParquet, type Row } from "../parquet.ts";

/** A file that a command is given, and its CSV twin. */
export interface Laid {
  path: string;
  csv?: string;
}

/** What lies in `in/`, and the typed input with paths in place of references. */
export interface LaidInputs {
  files: Record<string, Laid>;
  input: unknown;
  /** The ids of the test rows, where there is a test table. */
  testIds: string[] | undefined;
}

/** A larger table has its CSV twin only when the command asks for it. */
const twinLimitBytes = 100 * 1024 * 1024;

export interface Laying {
  folder: WorkingFolder;
  fetch: (digest: string) => Promise<Uint8Array>;
  /** Input names whose twin is asked for. */
  csv: (name: string) => boolean;
}

/** Downloads every file that an input refers to into `in/`, under the name of its field. */
export async function layInputs(inputs: Record<string, unknown>, laying: Laying): Promise<LaidInputs> {
  const laid: LaidInputs = { files: {}, input: undefined, testIds: undefined };
  laid.input = await layValue("input", inputs, { laying, laid });
  return laid;
}

interface Progress {
  laying: Laying;
  laid: LaidInputs;
}

async function layValue(name: string, value: unknown, progress: Progress): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries())
      items.push(await layValue(`${name}-${index}`, item, progress));
    return items;
  }
  const file = descriptor.safeParse(value);
  // The packed code tree belongs to `train:` lines; a handler that is a program of its own has its own code.
  if (file.success && name === "code") return value;
  if (file.success) return { ...value, ...(await layOne(name, value, progress)) };
  const entries: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(value)) entries.push([key, await layValue(key, inner, progress)]);
  return Object.fromEntries(entries);
}

async function layOne(name: string, value: object, { laying, laid }: Progress): Promise<Laid> {
  const { digest, mediaType, size, name: called = "" } = descriptor.parse(value);
  const bytes = await laying.fetch(digest);
  const ending = mediaType === parquetType ? ".parquet" : extname(called);
  const path = await layBytes(laying.folder, `${name}${ending}`, bytes);
  const file: Laid = { path };
  laid.files[name] = file;
  const asTable = table.safeParse(value).data;
  if (asTable === undefined || mediaType !== parquetType) return file;
  if (size > twinLimitBytes && !laying.csv(name)) return file;
  const rows = await readParquet(bytes);
  file.csv = await layBytes(laying.folder, `${name}.csv`, csvOf(withRowId(asTable), rows));
  if (name === "test") laid.testIds = rows.map(idOf);
  return file;
}

export const idOf = (row: Row): string => String(row[rowIdColumn]);

export const withRowId = ({ columns }: Pick<Table, "columns">): Pick<Column, "name" | "type">[] => [
  { name: rowIdColumn, type: "string" },
  ...columns,
];

async function layBytes(folder: WorkingFolder, name: string, content: Uint8Array | string): Promise<string> {
  const path = join(folder.in, name);
  await writeFile(path, content, { mode: 0o444 });
  return path;
}
