import { runsNamedIn, type WrittenCondition, type WrittenGate } from "@jackfield/learning/condition";
import type { ProjectFile } from "@jackfield/spec/project/file";

/** Run → what it measured, for the runs that a file's gates are held against. */
export type References = ReadonlyMap<string, Readonly<Record<string, number>>>;

/** The runs that the gates of a file name. */
export function runsInGates({ gate, subprojects }: ProjectFile): string[] {
  const gates: (WrittenGate | undefined)[] = [
    gate,
    ...Object.values(subprojects ?? {}).map((own) => own?.gate),
  ];
  const conditions = gates.flatMap((each) => Object.values(each ?? {})).flat();
  return [...new Set(conditions.flatMap(runsNamedIn))];
}

/** What was written of one metric, with the values of the runs that it names: nothing that runs asks for them again. */
export const withReferences = (
  metric: string,
  written: WrittenGate[string],
  references: References,
): WrittenGate[string] => {
  const pinned = [written].flat().map((one) => pin(metric, one, references));
  const [only] = pinned;
  return pinned.length === 1 && only !== undefined && !Array.isArray(written) ? only : pinned;
};

function pin(
  metric: string,
  written: string | WrittenCondition,
  references: References,
): string | WrittenCondition {
  const values = runsNamedIn(written).flatMap((run): [string, number][] => {
    const value = references.get(run)?.[metric];
    return value === undefined ? [] : [[run, value]];
  });
  if (values.length === 0) return written;
  const said = typeof written === "string" ? { is: written } : written;
  return { ...said, references: Object.fromEntries(values) };
}
