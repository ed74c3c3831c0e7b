import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Capability } from "@jackfield/spec/event/contract";
import type { Row } from "./task.ts";

/** Rows that a handler returned where its contract has a table are stored; everything else stays as it is. */
export async function storeDrafts(
  capability: Capability,
  output: object,
  artifacts: () => Artifacts,
): Promise<Record<string, unknown>> {
  const stored: Record<string, unknown> = { ...output };
  for (const field of capability.tables) {
    const value = stored[field];
    if (!isRows(value)) continue;
    const { storeRows } = await import("./task-tables.ts");
    stored[field] = await storeRows(artifacts(), value);
  }
  return stored;
}

const isRows = (value: unknown): value is Row[] =>
  Array.isArray(value) && value.every((row) => typeof row === "object" && row !== null);
