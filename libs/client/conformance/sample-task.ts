import { digestOf } from "@jackfield/spec/event/canonical";
import { parquetType, rowIdColumn, type Table } from "@jackfield/spec/event/artifact";
import { writeParquet, type Row } from "../parquet.ts";
import { withRowId } from "../handle/inputs.ts";
import { sampleRows, sampleTarget, testColumns, trainColumns, truthOf } from "../handle/sample.ts";

/** What is put to a handler, with all that it refers to. */
export interface SampleTask {
  inputs: Record<string, unknown>;
  blobs: Map<string, Uint8Array>;
  testIds: string[];
  truth: Map<string, string>;
  /** What there is to learn. */
  classes: string[];
}

export interface SampleOptions {
  seed?: number;
  /** The target of the rows to learn from is dealt anew: nothing can be learned from it. */
  dealt?: boolean;
  /** Every row has another id; nothing else is different. */
  renamed?: boolean;
  params?: Record<string, unknown>;
  /** Fields beside those of the contract. */
  more?: Record<string, unknown>;
}

/** `train` on the weather of Seattle, two years and one: small and real, so that a script for real data can do it. */
export async function sampleTask(options: SampleOptions = {}): Promise<SampleTask> {
  const all = await sampleRows();
  const change = (rows: Row[]): Row[] => (options.renamed === true ? rows.map(renamed) : rows);
  const train = change(options.dealt === true ? dealt(all.train) : all.train);
  const test = change(all.test);
  const blobs = new Map<string, Uint8Array>();
  const keep = (name: string, columns: typeof trainColumns, rows: Row[]): Table => {
    const bytes = writeParquet(withRowId({ columns }), rows);
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { digest, size: bytes.length, mediaType: parquetType, name, rows: rows.length, columns };
  };
  const inputs = {
    dataset: {
      train: keep("train.parquet", trainColumns, train),
      test: keep("test.parquet", testColumns, test),
    },
    target: sampleTarget,
    params: options.params ?? {},
    inputs: "parquet",
    seed: options.seed ?? 1,
    ...options.more,
  };
  const classes = [...new Set(train.map((row) => String(row[sampleTarget])))];
  const testIds = test.map((row) => String(row[rowIdColumn]));
  return { inputs, blobs, testIds, truth: truthOf(test), classes };
}

const renamed = (row: Row): Row => ({
  ...row,
  [rowIdColumn]: digestOf(`another ${String(row[rowIdColumn])}`).slice(7, 23),
});

/** Deals the targets out to other rows; always in the same way. */
function dealt(rows: Row[]): Row[] {
  const order = rows.map((row) => ({
    target: row[sampleTarget],
    key: digestOf(`deal ${String(row[rowIdColumn])}`),
  }));
  order.sort((a, b) => (a.key < b.key ? -1 : 1));
  return rows.map((row, index) => ({ ...row, [sampleTarget]: order[index]?.target }));
}
