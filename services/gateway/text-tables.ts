import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { keepTable } from "@jackfield/service/keep-table";
import { column, descriptor, rowIdColumn, type Digest, type Table } from "@jackfield/spec/event/artifact";
import { z } from "zod";

// Whoever has curl and awk can be a handler: the gateway reads and writes Parquet for them. DuckDB takes 50 MB; it is
// loaded when somebody first asks for this.

const csv = "text/csv";

/** What a runner may answer where its contract has a table; it may say the types that text does not show. */
const textTable = descriptor.extend({
  mediaType: z.string().startsWith(csv),
  columns: z.array(column.pick({ name: true, type: true })).default([]),
});

type TextTable = z.output<typeof textTable>;

/** A stored table as CSV. @throws Problem E_SOURCE when it is no Parquet. */
export async function readAsCsv(artifacts: Artifacts, digest: Digest): Promise<Readable> {
  const { writeCsv } = await import("@jackfield/tables/rows");
  const folder = await mkdtemp(join(tmpdir(), "jackfield-csv-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "table.csv");
    await writeCsv(await artifacts.pathOf(digest), path);
    return createReadStream(path).once("close", () => void remove());
  } catch (problem) {
    await remove();
    throw problem;
  }
}

/**
 * Outputs in which every table that came as CSV is stored as the table that the contract wants.
 * @throws Problem E_SOURCE, E_TYPE, E_DUPLICATE_KEY; E_NO_COLUMN without `__row_id`.
 */
export async function settleTables(
  artifacts: Artifacts,
  tables: readonly string[],
  outputs: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const settled: Record<string, unknown> = { ...outputs };
  for (const field of tables) {
    const said = textTable.safeParse(settled[field]);
    if (said.success) settled[field] = await importCsv(artifacts, field, said.data);
  }
  return settled;
}

async function importCsv(artifacts: Artifacts, field: string, said: TextTable): Promise<Table> {
  const { importTable } = await import("@jackfield/tables/import-table");
  const source = {
    path: await artifacts.pathOf(said.digest),
    called: said.name ?? field,
    format: "csv" as const,
  };
  const columns = Object.fromEntries(said.columns.map(({ name, type }) => [name, type]));
  return keepTable(artifacts, field, (to) => importTable(source, { columns, key: [rowIdColumn] }, to));
}
