import type { Kysely } from "kysely";
import type { Database } from "@jackfield/postgres/database";

// Rows as they are read; they are written by `write/`, in bulk.

interface EventTable {
  epoch: number;
  sequence: number;
  at: Date;
  id: string;
  source: string;
  type: string;
  project: string;
  subject: string | null;
  run: string | null;
  correlationid: string | null;
  causationid: string | null;
  digest: Buffer;
  body: string;
}

interface WithheldTable {
  epoch: number;
  sequence: number;
  at: Date;
  why: "conflict" | "forged" | "not-an-event" | "no-question" | "missing";
  detail: string;
  subject: string;
  body: string;
  told: boolean;
}

interface RunTable {
  run: string;
  project: string | null;
  subproject: string | null;
  runname: string | null;
  workflow: string | null;
  correlationid: string | null;
  started_epoch: number | null;
  started_sequence: number | null;
  started_at: Date | null;
  state: string | null;
  verdict: string | null;
  tasks: number | null;
  cached: number | null;
  finished_at: Date | null;
}

export interface AttemptTable {
  triggeredid: string;
  project: string;
  task: string;
  capability: string;
  handler: string;
  role: string;
  attempt: number;
  triggered_epoch: number;
  triggered_sequence: number;
  triggered_at: Date;
  started_at: Date | null;
  progressed_epoch: number | null;
  progressed_sequence: number | null;
  finished_epoch: number | null;
  finished_sequence: number | null;
  finished_at: Date | null;
  status: string | null;
  result: string | null;
  cached: boolean | null;
}

// Kysely takes type aliases only.
export type Tables = {
  events: Columns<EventTable>;
  withheld: Columns<WithheldTable>;
  runs: Columns<RunTable>;
  attempts: Columns<AttemptTable>;
  metrics: { run: string; name: string; value: number };
  artifacts: { digest: string; project: string; media_type: string; name: string | null };
  lineage: { digest: string; project: string; task: string; produced: boolean };
};

type Columns<Row> = { [Name in keyof Row]: Row[Name] };

export type Db = Kysely<Tables>;

export const tablesOf = ({ kysely }: Pick<Database, "kysely">): Db => kysely.withTables<Tables>();
