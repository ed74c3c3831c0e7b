import { result, status } from "@jackfield/spec/event/outcome";
import type { answered } from "@jackfield/spec/ask/tracker";
import { sql } from "kysely";
import type { z } from "zod";
import type { Db } from "../tables.ts";

interface Row {
  handler: string;
  answered: number;
  errors: number;
  task: string;
  at: Date;
  status: string;
  result: string | null;
}

/** What handlers answered themselves: how often, how often it was an error, and the last time. The cache is not counted. */
export async function answeredBy(
  db: Db,
  { project }: z.output<typeof answered.input>,
): Promise<z.input<typeof answered.answer>> {
  const { rows } = await sql<Row>`
    select distinct on (handler) handler, task, finished_at as at, status, result,
      (count(*) over its)::integer as answered,
      (count(*) filter (where status in ('errored', 'timedout')) over its)::integer as errors
    from attempts
    where finished_at is not null and cached is not true and handler <> ''
      and (${project ?? null}::text is null or project = ${project ?? null})
    window its as (partition by handler)
    order by handler, finished_epoch desc, finished_sequence desc`.execute(db);
  return {
    handlers: rows.map((row) => ({
      ...{ handler: row.handler, answered: row.answered, errors: row.errors },
      last: {
        ...{ task: row.task, at: row.at.toISOString(), status: status.parse(row.status) },
        ...(row.result !== null && { result: result.parse(row.result) }),
      },
    })),
  };
}
