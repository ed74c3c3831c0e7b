import pg from "pg";
import { z } from "zod";

const position = z.object({ epoch: z.number(), sequence: z.number() });
export type Position = z.output<typeof position>;

// The driver gives bigint columns as text.
const place = { epoch: z.coerce.number(), sequence: z.coerce.number() };

const keptRow = z.object({ ...place, at: z.date(), body: z.string() });
const withheldRow = z.object({
  ...place,
  at: z.date(),
  why: z.string(),
  detail: z.string(),
  subject: z.string(),
  headers: z.string().nullable(),
  body: z.string(),
});
const attemptRow = z.object({
  triggeredid: z.string(),
  finished_epoch: z.coerce.number().nullable(),
  finished_sequence: z.coerce.number().nullable(),
});
const lateRow = z.object({ ...place, triggeredid: z.string() });
const trackedRun = z.object({ run: z.string(), state: z.string().nullable() });

/** A task as the conductor knows it; what is beside these fields is its own affair. */
const conductedTask = z.looseObject({
  id: z.string(),
  run: z.string(),
  status: z.string(),
  outcome: z.string().optional(),
  attempt: z.number().optional(),
  triggeredid: z.string().optional(),
  finishedid: z.string().optional(),
  position: position.optional(),
});
const progress = z.looseObject({
  waiting: z.number(),
  ready: z.number(),
  running: z.number(),
  skipped: z.number(),
  done: z.record(z.string(), z.number()),
});
const conductedRun = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  progress: progress.optional(),
});

export type Kept = z.output<typeof keptRow>;
export type Withheld = z.output<typeof withheldRow>;
export type ConductedTask = z.output<typeof conductedTask>;
export type ConductedRun = z.output<typeof conductedRun>;

/** What the services have kept, as it lies in their tables. */
export interface Stores {
  tracker: {
    position: Position | undefined;
    kept: Kept[];
    withheld: Withheld[];
    attempts: z.output<typeof attemptRow>[];
    late: z.output<typeof lateRow>[];
    runs: z.output<typeof trackedRun>[];
  };
  conductor: {
    position: Position | undefined;
    tasks: ConductedTask[];
    /** What each of several handlers, and each shadow, was asked for a task. */
    asks: ConductedTask[];
    runs: ConductedRun[];
    /** Decisions on their way into the stream. */
    outbox: string[];
  };
}

const positionRow = z.object(place);

/** Reads everything in one snapshot, as PostgreSQL's superuser. */
export async function readStores(postgresUrl: string): Promise<Stores> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  const all = async <Row extends z.ZodType>(row: Row, statement: string): Promise<z.output<Row>[]> =>
    z.array(row).parse((await client.query(statement)).rows);
  const at = async (schema: string): Promise<Position | undefined> => {
    const [found] = await all(positionRow, `select epoch, sequence from ${schema}.position`);
    return found === undefined || found.epoch === 0 ? undefined : found;
  };
  const rows = async <Row extends z.ZodType>(row: Row, table: string): Promise<z.output<Row>[]> => {
    const found = await client.query<{ row: unknown }>(`select row from ${table}`);
    return z.array(row).parse(found.rows.map((one) => one.row));
  };
  const inOrder = "order by epoch, sequence";
  try {
    await client.query("begin isolation level repeatable read read only");
    return {
      tracker: {
        position: await at("tracker"),
        kept: await all(keptRow, `select epoch, sequence, at, body from tracker.events ${inOrder}`),
        withheld: await all(withheldRow, `select * from tracker.withheld ${inOrder}`),
        attempts: await all(attemptRow, "select * from tracker.attempts"),
        late: await all(lateRow, `select * from tracker.late ${inOrder}`),
        runs: await all(trackedRun, "select run, state from tracker.runs"),
      },
      conductor: {
        position: await at("conductor"),
        tasks: await rows(conductedTask, "conductor.tasks"),
        asks: await rows(conductedTask, "conductor.asks"),
        runs: await rows(conductedRun, "conductor.runs"),
        outbox: (
          await all(z.object({ event: z.string() }), "select event from conductor.outbox order by n")
        ).map(({ event }) => event),
      },
    };
  } finally {
    await client.end();
  }
}
