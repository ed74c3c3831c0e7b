import { boolean, float8, insertInto, int8, text, timestamptz, type Write } from "@jackfield/postgres/rows";
import type { Artifact, Lineage } from "../projections/artifacts.ts";
import type { AttemptChange } from "../projections/attempts.ts";
import type { Metric } from "../projections/metrics.ts";
import type { RunChange } from "../projections/runs.ts";

// Every upsert goes by its key: "update … from unnest" would leave the way to a planner that has not seen the table yet.

const upsertAttempts = insertInto<ReturnType<typeof attemptRow>>(
  "attempts",
  {
    triggeredid: text,
    project: text,
    task: text,
    capability: text,
    handler: text,
    role: text,
    attempt: int8,
    triggered_epoch: int8,
    triggered_sequence: int8,
    triggered_at: timestamptz,
    started_at: timestamptz,
    progressed_epoch: int8,
    progressed_sequence: int8,
    finished_epoch: int8,
    finished_sequence: int8,
    finished_at: timestamptz,
    status: text,
    result: text,
    cached: boolean,
  },
  `on conflict (triggeredid) do update set
     started_at = coalesce(attempts.started_at, excluded.started_at),
     progressed_epoch = coalesce(excluded.progressed_epoch, attempts.progressed_epoch),
     progressed_sequence = coalesce(excluded.progressed_sequence, attempts.progressed_sequence),
     finished_epoch = coalesce(attempts.finished_epoch, excluded.finished_epoch),
     finished_sequence = coalesce(attempts.finished_sequence, excluded.finished_sequence),
     finished_at = coalesce(attempts.finished_at, excluded.finished_at),
     status = coalesce(attempts.status, excluded.status),
     result = coalesce(attempts.result, excluded.result),
     cached = coalesce(attempts.cached, excluded.cached)`,
);

export const writeAttempts = (changes: readonly AttemptChange[]): Write =>
  upsertAttempts(changes.map(attemptRow));

const attemptRow = ({ question, started, progressed, finished }: AttemptChange) => ({
  triggeredid: question.triggeredid,
  project: question.project,
  task: question.task,
  capability: question.capability,
  handler: question.handler,
  role: question.role,
  attempt: question.attempt,
  triggered_epoch: question.triggered.epoch,
  triggered_sequence: question.triggered.sequence,
  triggered_at: question.triggeredMs,
  started_at: started?.storedMs,
  progressed_epoch: progressed?.position.epoch,
  progressed_sequence: progressed?.position.sequence,
  finished_epoch: finished?.position.epoch,
  finished_sequence: finished?.position.sequence,
  finished_at: finished?.storedMs,
  status: finished?.status,
  result: finished?.result,
  cached: finished?.cached,
});

const upsertRuns = insertInto<ReturnType<typeof runRow>>(
  "runs",
  {
    run: text,
    project: text,
    subproject: text,
    runname: text,
    workflow: text,
    correlationid: text,
    started_epoch: int8,
    started_sequence: int8,
    started_at: timestamptz,
    state: text,
    verdict: text,
    tasks: int8,
    cached: int8,
    finished_at: timestamptz,
  },
  // The same order of states as in the fold of a batch: finished stays, aborted can only finish.
  `on conflict (run) do update set
     ${[
       "project",
       "subproject",
       "runname",
       "workflow",
       "correlationid",
       "started_epoch",
       "started_sequence",
       "started_at",
     ]
       .map((column) => `${column} = coalesce(runs.${column}, excluded.${column})`)
       .join(", ")},
     state = case
       when runs.finished_at is not null then runs.state
       when runs.state = 'aborted' and excluded.finished_at is null then runs.state
       else coalesce(excluded.state, runs.state) end,
     verdict = coalesce(runs.verdict, excluded.verdict),
     tasks = coalesce(runs.tasks, excluded.tasks),
     cached = coalesce(runs.cached, excluded.cached),
     finished_at = coalesce(runs.finished_at, excluded.finished_at)`,
);

export const writeRuns = (changes: readonly RunChange[]): Write => upsertRuns(changes.map(runRow));

const runRow = ({ run, started, state, finished }: RunChange) => ({
  run,
  project: started?.project,
  subproject: started?.subproject,
  runname: started?.runname,
  workflow: started?.workflow,
  correlationid: started?.correlationid,
  started_epoch: started?.position.epoch,
  started_sequence: started?.position.sequence,
  started_at: started?.storedMs,
  state,
  verdict: finished?.verdict,
  tasks: finished?.tasks,
  cached: finished?.cached,
  finished_at: finished?.storedMs,
});

export const writeMetrics: (metrics: readonly Metric[]) => Write = insertInto<Metric>(
  "metrics",
  { run: text, name: text, value: float8, task: text },
  "on conflict (run, name) do update set value = excluded.value, task = excluded.task",
);

const insertArtifacts = insertInto<ReturnType<typeof artifactRow>>(
  "artifacts",
  { digest: text, project: text, media_type: text, size: int8, name: text },
  "on conflict (digest, project) do update set name = excluded.name where artifacts.name is null and excluded.name is not null",
);

const artifactRow = ({ digest, project, mediaType, size, name }: Artifact) => ({
  digest,
  project,
  media_type: mediaType,
  size,
  name,
});

export const writeArtifacts = (artifacts: readonly Artifact[]): Write =>
  insertArtifacts(artifacts.map(artifactRow));

export const writeLineage: (lineage: readonly Lineage[]) => Write = insertInto<Lineage>(
  "lineage",
  { digest: text, project: text, task: text, produced: boolean },
  "on conflict (digest, project, task, produced) do nothing",
);
