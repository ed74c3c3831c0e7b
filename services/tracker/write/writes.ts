import type { Write } from "@jackfield/postgres/rows";
import type { Position } from "@jackfield/spec/event/position";
import type { Changes, ProjectionChanges } from "../changes.ts";
import { movePosition, writeEvents, writeLate, writeTypes, writeWithheld, type Progress } from "./log.ts";
import { writeArtifacts, writeAttempts, writeLineage, writeMetrics, writeRuns } from "./projections.ts";

/** Changes → the parts of one statement; a table that nothing changes has no part. The position always moves. */
export function writesOf(
  changes: Changes,
  newTypes: readonly string[],
  { from, to }: { from: Position; to: Progress },
): Write[] {
  return [
    movePosition(from, to),
    ...some(changes.kept, writeEvents),
    ...some(changes.withheld, writeWithheld),
    ...writesOfProjections(changes, newTypes),
  ];
}

export function writesOfProjections(changes: ProjectionChanges, newTypes: readonly string[]): Write[] {
  const { attempts, artifacts } = changes;
  return [
    ...some(newTypes, writeTypes),
    ...some(attempts.changes, writeAttempts),
    ...some(attempts.late, writeLate),
    ...some(changes.runs, writeRuns),
    ...some(changes.metrics, writeMetrics),
    ...some(artifacts.artifacts, writeArtifacts),
    ...some(artifacts.lineage, writeLineage),
  ];
}

const some = <Row>(rows: readonly Row[], write: (rows: readonly Row[]) => Write): Write[] =>
  rows.length === 0 ? [] : [write(rows)];
