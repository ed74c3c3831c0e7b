import type { LogEntry } from "@jackfield/events/log-entry";
import { arrayOf, text } from "@jackfield/postgres/rows";
import type pg from "pg";
import { eventKey } from "@jackfield/spec/event/ids";
import type { Question } from "./projections/attempts.ts";
import type { AttemptTable } from "./tables.ts";
import { digestText } from "./write/log.ts";

interface KeyRow {
  id: string;
  source: string;
  type: string;
  project: string;
  digest: Buffer;
}

/** Which of these entries' keys does the log hold, and with which digests? */
export async function digestsInLog(
  pool: pg.Pool,
  entries: readonly LogEntry[],
): Promise<ReadonlyMap<string, string>> {
  const ids = entries.flatMap(({ event }) => (event === undefined ? [] : [event.id]));
  const { rows } = await pool.query<KeyRow>({
    name: "digests",
    text: "select id, source, type, project, digest from events where id = any($1::text[])",
    values: [arrayOf(text, [...new Set(ids)])],
  });
  return new Map(rows.map(({ digest, ...key }) => [eventKey(key), digestText(digest)]));
}

type QuestionColumn =
  | "triggeredid"
  | "project"
  | "task"
  | "capability"
  | "handler"
  | "role"
  | "attempt"
  | "triggered_epoch"
  | "triggered_sequence"
  | "triggered_at";

export async function questionsInLog(pool: pg.Pool, ids: readonly string[]): Promise<Question[]> {
  const { rows } = await pool.query<Pick<AttemptTable, QuestionColumn> & { finished: boolean }>({
    name: "questions",
    text: `select triggeredid, project, task, capability, handler, role, attempt, triggered_epoch,
             triggered_sequence, triggered_at, finished_at is not null as finished
           from attempts where triggeredid = any($1::text[])`,
    values: [arrayOf(text, ids)],
  });
  return rows.map(({ triggered_epoch, triggered_sequence, triggered_at, ...row }) => ({
    ...row,
    triggered: { epoch: triggered_epoch, sequence: triggered_sequence },
    triggeredMs: triggered_at.getTime(),
  }));
}
