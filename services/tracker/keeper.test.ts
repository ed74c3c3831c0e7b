import type { Events } from "@jackfield/events/connection";
import type { LogEntry } from "@jackfield/events/log-entry";
import { streamState } from "@jackfield/events/stream";
import { followLog } from "@jackfield/service/follow-log";
import { openLog } from "@jackfield/service/log";
import { parsePosition, type Position } from "@jackfield/spec/event/position";
import { shortType } from "@jackfield/spec/event/type";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { installed, openBed, type Bed } from "./fixture/bed.ts";
import { foreign } from "./fixture/life.ts";

const nats = natsForThisFile();

async function aBed(): Promise<Bed> {
  const database = await freshDatabase(installed);
  const bed = await openBed({ natsUrl: nats.url, adminUrl: database.url, prefix: prefix() });
  onTestFinished(async () => {
    await bed.close();
    await database.drop();
  });
  return bed;
}

async function started(bed: Bed) {
  const tracker = await bed.start();
  await until("the tracker to be active", () => tracker.ready().ready);
  return tracker;
}

const some = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => foreign(String(from + n)));

/** A log reader as services have it, that keeps what it reads. */
function following(events: Events, position: Position | undefined) {
  const entries: LogEntry[] = [];
  const stop = new AbortController();
  const onBatch = async (batch: LogEntry[]) => void entries.push(...batch);
  const fold = { position, decides: true, onBatch, pass: () => Promise.resolve() };
  const done = followLog({ events, log: openLog({ service: "follower", level: "silent" }) }, fold, {
    signal: stop.signal,
    onBatch,
    onState: () => undefined,
  });
  onTestFinished(async () => {
    stop.abort();
    await done.catch(() => undefined);
  });
  return { entries, done };
}

const idsIn = (entries: LogEntry[]) => entries.map(({ event }) => event?.id);

test("a reader that stands before the start of the stream reads on from the log, in order and without a gap", async () => {
  const bed = await aBed();
  await started(bed);
  const end = parsePosition(await bed.say(...some(1, 30)));
  await bed.ask.position({ after: `${end.epoch}-${end.sequence}` });
  await bed.events.manager.streams.purge(bed.events.stream, { seq: 21 });
  const { entries } = following(bed.events, { ...end, sequence: 4 });
  await until("the rest of the log", () => entries.length === 26);
  await bed.say(foreign("31"));
  await until("what comes next", () => entries.length === 27);
  expect(idsIn(entries)).toEqual(some(5, 31).map(({ id }) => id));
  expect(entries.map(({ position }) => position.sequence)).toEqual(some(5, 31).map(({ id }) => Number(id)));
});

test("what is missing in the stream and was never read is an incident, noted in its place, and the log goes on", async () => {
  const bed = await aBed();
  const first = await started(bed);
  const { epoch } = parsePosition(await bed.say(...some(1, 2)));
  await first.stop();
  await bed.say(foreign("3"), foreign("4", { type: "com.example.hidden" }), foreign("5"));
  await bed.events.manager.streams.purge(bed.events.stream, {
    filter: `${bed.events.subjectRoot}.*.*.com.example.hidden`,
  });
  await started(bed);
  const { events } = await bed.ask.events({ after: `${epoch}-6` });
  const told = events.map(({ event }) => shortType(event.type));
  expect(told).toEqual([...Array<string>(4).fill("com.example.pushed"), "incident.detected"]);
  const gap = { why: "missing", from: `${epoch}-4`, to: `${epoch}-4` };
  expect(events.at(-1)?.event).toMatchObject({
    source: "/jackfield/tracker",
    data: { what: "log.gap", ...gap },
  });
  const { withheld } = await bed.ask.withheld({});
  expect(withheld.map(({ why, position }) => [why, position])).toEqual([["missing", `${epoch}-4`]]);
  const { entries } = following(bed.events, { epoch, sequence: 2 });
  await until("a reader goes past it", () => entries.length === 3);
});

test("a stream that somebody deletes is made again; the log and its readers go on in the new epoch, and it is an incident", async () => {
  const bed = await aBed();
  await started(bed);
  const { events } = bed;
  const end = parsePosition(await bed.say(...some(1, 10)));
  await bed.ask.position({ after: `${end.epoch}-10` });
  const along = following(events, end);
  await until("another second", () => Date.now() > (end.epoch + 1) * 1_000);
  await events.manager.streams.delete(events.stream);
  await until("the stream is there again", async () => (await streamState(events)) !== undefined);
  await expect(along.done, "who read along begins anew").rejects.toMatchObject({ code: "E_STREAM_BEHIND" });
  const after = await bed.say(foreign("11"));
  await until("one incident is in the log", async () => {
    const { events: logged } = await bed.ask.events({ after });
    return logged.filter(({ event }) => shortType(event.type) === "incident.detected").length === 1;
  });
  const { entries } = following(events, { ...end, sequence: 8 });
  await until("both epochs are read", () => idsIn(entries).includes("11"));
  expect(idsIn(entries).filter((id) => id?.startsWith("log/") === false)).toEqual(["9", "10", "11"]);
  expect(entries.at(-1)?.position.epoch).toBe(parsePosition(after).epoch);
  expect(parsePosition(after).epoch).toBeGreaterThan(end.epoch);
});

test("a stream that lost its end gets a new epoch; what it still holds is no second event", async () => {
  const bed = await aBed();
  const first = await started(bed);
  const { events } = bed;
  const end = parsePosition(await bed.say(...some(1, 10)));
  await bed.ask.position({ after: `${end.epoch}-10` });
  await first.stop();
  const { config } = await events.manager.streams.info(events.stream);
  await events.manager.streams.delete(events.stream);
  await events.manager.streams.add({ ...config, description: `Epoch ${end.epoch}` });
  await events.manager.streams.update(events.stream, {
    description: `Epoch ${(await streamState(events))!.epoch}`,
  });
  await bed.say(...some(1, 6));
  await started(bed);
  await bed.say(foreign("11"));
  const key = { source: "/ci", type: foreign("11").type, id: "11" };
  await until("the new one is there", async () => {
    const { known } = await bed.ask.keys({ keys: [key] });
    return known[0]?.position !== undefined;
  });
  const { events: logged } = await bed.ask.events({});
  expect(logged.map(({ event }) => event.id).filter((id) => !id.startsWith("log/"))).toEqual(
    some(1, 11).map(({ id }) => id),
  );
});
