import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { parquetType, type Table } from "@jackfield/spec/event/artifact";
import { readRows, writeRows } from "@jackfield/tables/rows";
import type { Row } from "@jackfield/tables/duck";

/** Reads a stored table into rows. @throws Problem E_ARTIFACT_GONE when its bytes are not there. */
export const readTable = async (artifacts: Artifacts, table: Table): Promise<Row[]> =>
  readRows(await artifacts.pathOf(table.digest));

/** Stores rows as a table; each row needs `__row_id`. @throws Problem E_BAD_OUTPUT when one has none. */
export async function storeRows(artifacts: Artifacts, rows: readonly Row[]): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-rows-"));
  try {
    const path = join(folder, "rows.parquet");
    const written = await writeRows(rows, path);
    const kept = await artifacts.putFile(path, { mediaType: parquetType });
    return { ...kept, ...written };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
