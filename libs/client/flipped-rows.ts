import { rowIdColumn } from "@jackfield/spec/event/artifact";
import { evaluationOf } from "./report.ts";
import type { RunTree } from "./lookup.ts";
import type { Row } from "./parquet.ts";
import type { Server } from "./server.ts";
import { testRows, type RowTests } from "./row-tests.ts";
import { download } from "./upload.ts";

/** A test row that two runs predict differently. */
export interface FlippedRow {
  row: string;
  target: unknown;
  from: unknown;
  to: unknown;
}

export interface RowComparison {
  /** Rows that both runs judged. */
  common: number;
  flipped: FlippedRow[];
  /** Rows that only one of them judged: another split, or other data. */
  onlyOne: number;
  /** Whether the difference is more than chance; nothing where the runs judged other rows. */
  tests?: RowTests;
}

/** Joins the results of two runs by row id; undefined when one of them judged nothing. */
export async function compareRows(
  server: Server,
  a: RunTree,
  b: RunTree,
): Promise<RowComparison | undefined> {
  const [before, after] = [evaluationOf(a)?.results, evaluationOf(b)?.results];
  if (before === undefined || after === undefined) return undefined;
  if (before.digest === after.digest) return { common: before.rows, flipped: [], onlyOne: 0 };
  const { readParquet } = await import("./parquet.ts");
  const read = async ({ run }: RunTree, digest: string): Promise<Row[]> =>
    readParquet(await download(server, digest, { project: run.project }));
  const [left, right] = await Promise.all([read(a, before.digest), read(b, after.digest)]);
  return joinRows(left, right);
}

export function joinRows(left: readonly Row[], right: readonly Row[]): RowComparison {
  const byId = new Map(right.map((row) => [String(row[rowIdColumn]), row]));
  const common = left.flatMap((row) => {
    const other = byId.get(String(row[rowIdColumn]));
    return other === undefined ? [] : [{ before: row, after: other }];
  });
  const flipped = common
    .filter(({ before, after }) => before["prediction"] !== after["prediction"])
    .map(({ before, after }) => ({
      row: String(before[rowIdColumn]),
      target: before["target"],
      from: before["prediction"],
      to: after["prediction"],
    }));
  const onlyOne = left.length + right.length - 2 * common.length;
  return { common: common.length, flipped, onlyOne, ...(onlyOne === 0 && { tests: testRows(common) }) };
}
