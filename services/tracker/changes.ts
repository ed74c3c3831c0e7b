import type { LogEntry } from "@jackfield/events/log-entry";
import type { Gap } from "@jackfield/events/log-place";
import { printPosition } from "@jackfield/spec/event/position";
import { foldArtifacts, type Artifacts } from "./projections/artifacts.ts";
import { foldAttempts, type Attempts } from "./projections/attempts.ts";
import { foldMetrics, type Metric } from "./projections/metrics.ts";
import { foldRuns, type RunChange } from "./projections/runs.ts";
import { sortOut, type Known, type SortedOut } from "./sort-out.ts";

/** All that a batch of the stream changes in the tracker. */
export interface Changes extends SortedOut {
  attempts: Attempts;
  runs: RunChange[];
  metrics: Metric[];
  artifacts: Artifacts;
}

/** Entries in stream order and what the log says already → what changes. A pure function: a rebuild comes to the same. */
export function changesOf(entries: readonly LogEntry[], known: Known): Changes {
  const sorted = sortOut(entries, known);
  const attempts = foldAttempts(sorted.kept, known.questions);
  return {
    ...sorted,
    attempts,
    runs: foldRuns(sorted.kept),
    metrics: foldMetrics(sorted.kept, attempts.counted),
    artifacts: foldArtifacts(sorted.kept, attempts.counted),
  };
}

/** Positions that the stream does not hold → the note that stands in their place; its body is the data of the incident. */
export function lost({ from, to, why }: Gap, nowMs: number): Changes {
  const said = { what: "log.gap", why, from: printPosition(from), to: printPosition(to) };
  const detail = `${why}: ${said.from} to ${said.to} were not in the stream`;
  const body = Buffer.from(JSON.stringify(said));
  const refused = { reason: "not-an-event" as const, detail, body, headers: [] };
  const entry = { position: to, subject: "", storedMs: nowMs, refused };
  return {
    kept: [],
    withheld: [{ entry, why: "missing", detail }],
    attempts: { changes: [], counted: [], late: [] },
    runs: [],
    metrics: [],
    artifacts: { artifacts: [], lineage: [] },
  };
}
