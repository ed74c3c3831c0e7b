import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { rowIdColumn, type ColumnType, type Table } from "@jackfield/spec/event/artifact";
import { readRows, writeRows } from "@jackfield/tables/rows";
import type { Row } from "@jackfield/tables/duck";
import { keepTable } from "./keep-table.ts";

/** Reads a stored table into rows. @throws Problem E_ARTIFACT_GONE when its bytes are not there. */
export const readTable = async (artifacts: Artifacts, table: Table): Promise<Row[]> =>
  readRows(await artifacts.pathOf(table.digest));

/** Stores rows as a table; each row needs `__row_id`. @throws Problem E_BAD_OUTPUT when one has none. */
export const storeRows = (artifacts: Artifacts, rows: readonly Row[]): Promise<Table> =>
  keepTable(artifacts, "rows", (path) => writeRows(path, columnsOf(rows), rows));

/** Every name that a row uses, in order of appearance, with the type that its values share; mixed values are text. */
function columnsOf(rows: readonly Row[]): { name: string; type: ColumnType }[] {
  const types = new Map<string, ColumnType>();
  for (const row of rows)
    for (const [name, value] of Object.entries(row)) {
      if (name === rowIdColumn || value === null) continue;
      const type = typeOf(value);
      types.set(name, (types.get(name) ?? type) === type ? type : "string");
    }
  return [...types].map(([name, type]) => ({ name, type }));
}

function typeOf(value: string | number | boolean): ColumnType {
  if (typeof value === "number") return "number";
  return typeof value === "boolean" ? "boolean" : "string";
}
