import type { LogEntry } from "@jackfield/events/log-entry";
import { Story } from "@jackfield/lifecycle/story";
import { answer, builtInCatalogue, said, started, weather } from "@jackfield/lifecycle/story-events";
import { openPostgres, type Database } from "@jackfield/postgres/database";
import { migrate } from "@jackfield/postgres/migrate";
import { checkState, type Rebuildable } from "@jackfield/service/rebuild";
import { entryOfLog } from "@jackfield/service/history";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { parseType } from "@jackfield/spec/event/type";
import { rebuildRows } from "../../../services/conductor/rebuild.ts";
import { Fold } from "../../../services/tracker/fold.ts";
import { rebuildProjections } from "../../../services/tracker/rebuild.ts";

/**
 * Makes a log of runs of the default lifecycle, then the states of conductor and tracker anew from it, when told to.
 * Says how many events it has, then for each what came of it.
 *
 * node rebuild-states.mjs <postgres url of an empty database> <number of events>
 */
const [url = "", most = "0"] = process.argv.slice(2);
const pageSize = 500;

/** A few runs, one after the other, as their conductor and its handlers say them; a third of them cached. */
function someRuns(): CloudEvent[] {
  const story = weather(new Story(builtInCatalogue));
  const before = story.log.length;
  for (let run = 0; run < 15; run += 1) {
    const cache = run % 3 === 0;
    let open = story.when(said("run.requested", { subproject: "seattle", data: { seed: run, cache } }));
    while (open.length > 0)
      open = open.filter(isGiven).flatMap((one) => story.when(started(one), answer(one, "pass")));
  }
  return story.log.slice(before);
}

const isGiven = ({ type, handler, data }: CloudEvent): boolean =>
  parseType(type)?.predicate === "triggered" &&
  handler !== undefined &&
  !(data as { cached?: boolean }).cached;

function bodiesOf(count: number): string[] {
  const events = weather(new Story(builtInCatalogue)).log.map((event) => event);
  while (events.length < count) events.push(...someRuns());
  return events.slice(0, count).map((event) => JSON.stringify(event));
}

/** A body of the log → an entry, as a reader takes it. */
const entryOf = (body: string, index: number): LogEntry =>
  entryOfLog({ position: `1-${index + 1}`, storedMs: 1_700_000_000_000 + index, body }, "evt");

async function schemaOf(name: string): Promise<Database> {
  const folder = new URL(`../../../services/${name}/migrations/`, root);
  await migrate({ url, schema: name, folder });
  return openPostgres({ url, schema: name, applicationName: `bench ${name}` });
}

async function measure(database: Database, rebuildable: Rebuildable, log: Rebuildable["log"]) {
  const began = performance.now();
  let folded = 0;
  const { events, rebuilt } = await checkState({
    database,
    rebuildable,
    log: log ?? (() => Promise.reject(new Error("no log"))),
    onProgress: () => (folded = performance.now() - began),
  });
  const rows = Object.values(rebuilt.tables).reduce((sum, table) => sum + table.rows, 0);
  return { events, rows, foldSeconds: folded / 1_000, seconds: (performance.now() - began) / 1_000 };
}

const root = new URL(`file://${process.env["JACKFIELD_HOUSE"] ?? ""}/test/bench/programs/`);
const bodies = bodiesOf(Number(most));
const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
const conductor = await schemaOf("conductor");
await conductor.pool.query("insert into position (epoch, sequence) values (1, $1)", [bodies.length]);
const tracker = await schemaOf("tracker");
const fold = await Fold.open(tracker);
for (let from = 0; from < bodies.length; from += 2_000) {
  await fold.persist(bodies.slice(from, from + 2_000).map((body, index) => entryOf(body, from + index)));
}
await tracker.pool.query("analyze");
process.send?.({ events: bodies.length, bytes: bytes / bodies.length });

process.once("SIGTERM", () => process.exit(0));
process.on("message", (word) => {
  void (word === "decode" ? decodeAll() : word === "conductor" ? conductorAnew() : trackerAnew()).then(
    (done) => process.send?.(done),
  );
});

async function decodeAll() {
  const began = performance.now();
  bodies.forEach(entryOf);
  const seconds = (performance.now() - began) / 1_000;
  return { events: bodies.length, rows: 0, foldSeconds: seconds, seconds };
}

const still = (work: () => Promise<void>): Promise<void> => work();

function conductorAnew() {
  return measure(conductor, rebuildRows(builtInCatalogue, still), async ({ epoch, sequence }) => {
    const from = epoch === 0 ? 0 : sequence;
    const entries = bodies.slice(from, from + pageSize).map((body, index) => entryOf(body, from + index));
    return { entries, upTo: { epoch: 1, sequence: from + entries.length } };
  });
}

function trackerAnew() {
  const rebuildable = rebuildProjections(tracker, fold, still);
  return measure(tracker, rebuildable, rebuildable.log);
}
