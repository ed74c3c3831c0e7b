import { join } from "node:path";
import type { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { asksForCsv } from "@jackfield/executor/placeholders";
import { layFile, type WorkingFolder } from "@jackfield/executor/working-folder";
import type { Table } from "@jackfield/spec/event/artifact";
import type { train } from "@jackfield/spec/train";
import { takeRows, writeCsv } from "@jackfield/tables/rows";

type Input = z.output<typeof train.input>;

export interface LaidTable {
  path: string;
  csv?: string;
}

/** A larger table has its CSV twin only when the command asks for it. */
const twinLimitBytes = 100 * 1024 * 1024;

/**
 * Puts `train.parquet` and `test.parquet` into `in/`, with their CSV twins up to 100 MB or when asked for.
 * The test table loses its target even when a foreign split left it there.
 */
export async function layInputs(
  artifacts: Artifacts,
  folder: WorkingFolder,
  { input, argv }: { input: Input; argv: readonly string[] },
): Promise<{ train: LaidTable; test: LaidTable }> {
  const lay = async (name: "train" | "test"): Promise<LaidTable> => {
    const table = input.dataset[name];
    const path =
      name === "test" && holds(table, input.target)
        ? await layWithout(artifacts, folder, { table, target: input.target })
        : await layFile(folder, `${name}.parquet`, await artifacts.pathOf(table.digest));
    const twin = input.inputs === "csv" || asksForCsv(argv, name) || table.size <= twinLimitBytes;
    if (!twin) return { path };
    const csv = join(folder.in, `${name}.csv`);
    await writeCsv(path, csv);
    return { path, csv };
  };
  const [train, test] = await Promise.all([lay("train"), lay("test")]);
  return { train, test };
}

const holds = (table: Table, target: string): boolean => table.columns.some(({ name }) => name === target);

async function layWithout(
  artifacts: Artifacts,
  folder: WorkingFolder,
  { table, target }: { table: Table; target: string },
): Promise<string> {
  const path = join(folder.in, "test.parquet");
  const columns = table.columns.map(({ name }) => name).filter((name) => name !== target);
  await takeRows(await artifacts.pathOf(table.digest), { columns }, path);
  return path;
}
