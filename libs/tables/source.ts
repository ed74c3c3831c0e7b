import { open } from "node:fs/promises";
import { Problem } from "@jackfield/problem/problem";
import type { ColumnType } from "@jackfield/spec/event/artifact";
import { fromSqlType } from "./column-types.ts";
import { parseCsvHeader, refuseTwins } from "./csv-header.ts";
import { duckSays, type Duck } from "./duck.ts";
import { list, name, text } from "./sql.ts";

export type Format = "csv" | "parquet" | "json";

export interface SourceFile {
  path: string;
  /** What people call it, in problems. */
  called: string;
  format: Format;
}

/** A column of the table `raw`: its name in the source, in `raw`, and its type where the format says one. */
export interface RawColumn {
  name: string;
  raw: string;
  type: ColumnType | undefined;
}

/** Names that the tables of this library need for themselves. */
export const reservedNames = ["__row_id", "__order"] as const;

/**
 * Loads the file opened as `source` into the table `raw` (`__order` from 1, `c0`, `c1`, …), every row and column.
 * CSV values stay text; JSON and Parquet have types of their own.
 * @throws E_SOURCE when it is empty, broken or not of its format.
 */
export async function loadSource(duck: Duck, source: SourceFile): Promise<RawColumn[]> {
  try {
    const columns = await (source.format === "csv" ? loadCsv(duck, source) : loadTyped(duck, source));
    const [counted] = await duck.rows("SELECT count(*) AS rows FROM raw");
    if (counted?.["rows"] === 0) throw new Problem("E_SOURCE", `${source.called} has no rows.`);
    return columns;
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw broken(source, cause);
  }
}

async function loadCsv(duck: Duck, source: SourceFile): Promise<RawColumn[]> {
  const { delimiter, names } = parseCsvHeader(await startOf(source.path), source.called);
  const columns = names.map((column, index) => ({ name: column, raw: `c${index}`, type: undefined }));
  const types = list(columns.map(({ raw }) => `${raw}: 'VARCHAR'`));
  await duck.run(
    `CREATE TEMP TABLE raw AS SELECT row_number() OVER () AS __order, * FROM read_csv(${duck.file("source")}, ` +
      `auto_detect = false, header = true, delim = ${text(delimiter)}, quote = '"', escape = '"', ` +
      `strict_mode = true, null_padding = false, columns = {${types}})`,
  );
  return columns;
}

async function loadTyped(duck: Duck, source: SourceFile): Promise<RawColumn[]> {
  const reader =
    source.format === "parquet"
      ? `read_parquet(${duck.file("source")})`
      : `read_json(${duck.file("source")}, records = true, sample_size = -1, map_inference_threshold = -1, ` +
        `dateformat = 'iso', timestampformat = 'iso')`;
  if ((await startOf(source.path)).length === 0) throw new Problem("E_SOURCE", `${source.called} is empty.`);
  const described = await duck.rows(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${reader})`,
  );
  const columns = described.map((row, index) => {
    const found = String(row["column_name"]);
    return { name: found, raw: `c${index}`, ...fromSqlType(String(row["column_type"]), name(found)) };
  });
  refuseTwins(
    columns.map((column) => column.name),
    source.called,
  );
  const values = list(columns.map(({ raw, value }) => `${value} AS ${raw}`));
  await duck.run(`CREATE TEMP TABLE raw AS SELECT row_number() OVER () AS __order, ${values} FROM ${reader}`);
  return columns.map(({ name: found, raw, type }) => ({ name: found, raw, type }));
}

/** Enough for a header of thousands of columns. */
const startBytes = 1_048_576;

async function startOf(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(startBytes), 0, startBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function broken(source: SourceFile, cause: unknown): Problem {
  const why = duckSays(cause);
  const line = /^CSV Error on Line: (\d+)/.exec(why)?.[1];
  const here = line === undefined ? {} : { here: `${source.called}, line ${line}` };
  if (/not utf-8/i.test(why)) {
    return new Problem("E_SOURCE", `${source.called} is not UTF-8 text.`, {
      ...here,
      next: "Save it as UTF-8.",
      cause,
    });
  }
  const next = {
    csv: "Each line needs as many fields as the header; fields with a delimiter, quote or line break stand in quotes.",
    json: "It must be a list of objects, or one object a line.",
    parquet: "Write it again, or say its `format`.",
  }[source.format];
  return new Problem("E_SOURCE", `${source.called} cannot be read as ${formatNames[source.format]}.`, {
    why: why.replace(/^CSV Error on Line: \d+ /, ""),
    ...here,
    next,
    cause,
  });
}

const formatNames = { csv: "CSV", json: "JSON", parquet: "Parquet" } as const satisfies Record<
  Format,
  string
>;
