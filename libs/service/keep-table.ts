import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { parquetType, type Table } from "@jackfield/spec/event/artifact";
import type { Written } from "@jackfield/tables/write-parquet";

/** Lets `write` make a Parquet file, keeps it as an artifact, and says what is in it. `name` is what people call it. */
export async function keepTable(
  artifacts: Artifacts,
  name: string,
  write: (path: string) => Promise<Written>,
): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-table-"));
  try {
    const path = join(folder, "table.parquet");
    const written = await write(path);
    const kept = await artifacts.putFile(path, { mediaType: parquetType, name: `${name}.parquet` });
    return { ...kept, ...written };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
