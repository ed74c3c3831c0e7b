import type { LogEntry } from "@jackfield/events/log-entry";
import type { Gap } from "@jackfield/events/log-place";
import { printPosition } from "@jackfield/spec/event/position";
import type { KeptEvent } from "./kept-event.ts";
import { foldArtifacts, type Artifacts } from "./projections/artifacts.ts";
import { foldAttempts, type Attempts } from "./projections/attempts.ts";
import { foldMetrics, type Metric } from "./projections/metrics.ts";
import { foldRuns, type RunChange } from "./projections/runs.ts";
import { sortOut, type Known, type SortedOut } from "./sort-out.ts";

/** What the projections make of events. */
export interface ProjectionChanges {
  attempts: Attempts;
  runs: RunChange[];
  metrics: Metric[];
  artifacts: Artifacts;
}

/** All that a batch of the stream changes in the tracker. */
export interface Changes extends SortedOut, ProjectionChanges {}

/** Entries in stream order and what the log says already → what changes. A pure function: a rebuild comes to the same. */
export function changesOf(entries: readonly LogEntry[], known: Known): Changes {
  const sorted = sortOut(entries, known);
  return { ...sorted, ...projectionsOf(sorted.kept, known.questions) };
}

/** Events that the log took, in its order → what changes in the projections. */
export function projectionsOf(kept: readonly KeptEvent[], questions: Known["questions"]): ProjectionChanges {
  const attempts = foldAttempts(kept, questions);
  return {
    attempts,
    runs: foldRuns(kept),
    metrics: foldMetrics(kept, attempts.counted),
    artifacts: foldArtifacts(kept, attempts.counted),
  };
}

/** Positions that the stream does not hold → the note that stands in their place; its body is the data of the incident. */
export function lost({ from, to, why }: Gap, nowMs: number): Changes {
  const said = { what: "log.gap", why, from: printPosition(from), to: printPosition(to) };
  const detail = `${why}: ${said.from} to ${said.to} were not in the stream`;
  const body = Buffer.from(JSON.stringify(said));
  const refused = { reason: "not-an-event" as const, detail, body, headers: [] };
  const entry = { position: to, subject: "", storedMs: nowMs, refused };
  return { kept: [], withheld: [{ entry, why: "missing", detail }], ...projectionsOf([], new Map()) };
}
