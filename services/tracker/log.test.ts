import type { LogEntry } from "@jackfield/events/log-entry";
import { readLog } from "@jackfield/events/log-reader";
import { subjectOf } from "@jackfield/events/subject";
import { readTrackersLog } from "@jackfield/service/history";
import {
  comparePositions,
  parsePosition,
  printPosition,
  type Position,
} from "@jackfield/spec/event/position";
import { jetstream } from "@nats-io/jetstream";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { installed, openBed, type Bed } from "./fixture/bed.ts";
import { foreign, Life } from "./fixture/life.ts";

const nats = natsForThisFile();
const start: Position = { epoch: 0, sequence: 0 };

async function aTracker(): Promise<Bed> {
  const database = await freshDatabase(installed);
  const bed = await openBed({ natsUrl: nats.url, adminUrl: database.url, prefix: prefix() });
  onTestFinished(async () => {
    await bed.close();
    await database.drop();
  });
  const first = await bed.start();
  await until("the tracker to be active", () => first.ready().ready);
  return bed;
}

async function readStream({ events }: Bed, count: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const stop = new AbortController();
  await readLog(events, {
    from: undefined,
    signal: stop.signal,
    onBatch: async (batch) => {
      entries.push(...batch);
      if (entries.length >= count) stop.abort();
    },
  });
  // Beyond lies what the tracker says of what it withholds.
  return entries.slice(0, count);
}

async function readFromTracker({ events }: Bed, end: Position): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  let from = start;
  while (comparePositions(from, end) < 0) {
    const page = await readTrackersLog(events, from);
    entries.push(...page.entries);
    from = page.upTo;
  }
  return entries.filter(({ position }) => comparePositions(position, end) <= 0);
}

/** What a log reader can see of an entry; of what it refuses only that it does. */
const seenOf = ({ position, subject, storedMs, event, refused, ...rest }: LogEntry) => ({
  position,
  subject,
  storedMs,
  event,
  digest: "digest" in rest ? rest.digest : undefined,
  refused: refused && { reason: refused.reason, detail: refused.detail },
});

test("the tracker's log reads like the stream: events, conflicts and what everybody refuses, without the repeats", async () => {
  const bed = await aTracker();
  const life = new Life();
  const root = bed.events.subjectRoot;
  const stream = jetstream(bed.events.connection);
  const large = foreign("large", { data: { rows: 9_007_199_254_740_993n, text: '"'.repeat(30_000) } });
  await bed.say(life.task("train", "triggered"), life.task("train", "started"), large);
  await bed.say(...Array.from({ length: 40 }, (_, n) => ({ ...large, id: `large-${n}` })));
  await stream.publish(`${root}.junk`, Buffer.from([0, 1, 255]));
  // Text that would be an event if somebody took its beginning for an encoding.
  await stream.publish(
    `${root}.junk`,
    `base64:${Buffer.from(JSON.stringify(foreign("x"))).toString("base64")}`,
  );
  const forged = life.task("train", "finished", { source: "/ci" });
  await stream.publish(subjectOf(forged, root), JSON.stringify(forged));
  await stream.publish(subjectOf(foreign("1"), root), JSON.stringify(foreign("1")));
  await stream.publish(subjectOf(foreign("1"), root), ` ${JSON.stringify(foreign("1"))}`);
  const end = parsePosition(await bed.say(foreign("1", { data: 2 }), life.task("split", "started")));
  const expected = (await readStream(bed, end.sequence)).map(seenOf);
  const repeat = end.sequence - 2;
  await bed.ask.position({ after: printPosition(end) });
  const kept = await readFromTracker(bed, end);
  expect(kept.map(seenOf)).toEqual(expected.filter(({ position }) => position.sequence !== repeat));
  expect(kept.filter(({ refused }) => refused !== undefined)).toHaveLength(3);
});

test("after the end of the log there is nothing, and a page has no more than was asked for", async () => {
  const bed = await aTracker();
  expect(await readTrackersLog(bed.events, start)).toEqual({ entries: [], upTo: start });
  const after = await bed.say(...Array.from({ length: 5 }, (_, n) => foreign(String(n))));
  await bed.ask.events({ after });
  const [epoch = ""] = after.split("-");
  const page = await bed.ask.log({ from: `${epoch}-1`, limit: 2 });
  expect(page).toMatchObject({ entries: [{ position: `${epoch}-2` }, {}], upTo: `${epoch}-3` });
  expect(await bed.ask.log({ from: after })).toEqual({ entries: [], upTo: after });
});
