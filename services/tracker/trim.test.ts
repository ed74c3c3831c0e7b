import { createPublisher } from "@jackfield/events/publish";
import { ensureStream, streamState } from "@jackfield/events/stream";
import { Problem } from "@jackfield/problem/problem";
import { readTrackersLog } from "@jackfield/service/history";
import { parsePosition, type Position } from "@jackfield/spec/event/position";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { installed, openBed, type Bed } from "./fixture/bed.ts";
import { foreign } from "./fixture/life.ts";
import { overflowing } from "./trim.ts";

const nats = natsForThisFile();
const maxBytes = 1_048_576;
const small = { JACKFIELD_STREAM_BYTES: String(maxBytes) };

async function aBed(): Promise<Bed> {
  const database = await freshDatabase(installed);
  const bed = await openBed({ natsUrl: nats.url, adminUrl: database.url, prefix: prefix() });
  onTestFinished(async () => {
    await bed.close();
    await database.drop();
  });
  return bed;
}

const large = (n: number) => foreign(String(n), { data: "x".repeat(20_000) });

/** Publishes until the stream is full; answers with the ids that it took. */
async function fill({ events }: Bed): Promise<string[]> {
  await using publisher = createPublisher(events);
  const taken: string[] = [];
  for (let n = 1; ; n += 1) {
    try {
      await publisher.publish(large(n));
      taken.push(String(n));
    } catch (error) {
      expect(error instanceof Problem && error.code).toBe("E_STREAM_FULL");
      return taken;
    }
  }
}

async function idsInLog({ events }: Bed, end: string): Promise<string[]> {
  const ids: string[] = [];
  for (let from: Position = { epoch: 0, sequence: 0 }; ;) {
    const { entries, upTo } = await readTrackersLog(events, from);
    ids.push(...entries.map(({ event }) => event?.id ?? ""));
    if (upTo.sequence >= parsePosition(end).sequence) return ids;
    from = upTo;
  }
}

test("a stream that filled up while the tracker was away recovers by itself, and nothing that it took is lost", async () => {
  const bed = await aBed();
  await ensureStream(bed.events, { maxBytes });
  const taken = await fill(bed);
  await using publisher = createPublisher(bed.events);
  // As a handler says its `finished`.
  const patient = publisher.publish(large(1_000), { untilAccepted: true });
  await bed.start(small);
  const { position } = await patient;
  await until("there is room", async () => (await streamState(bed.events))!.bytes < 0.8 * maxBytes);
  const end = `${position.epoch}-${position.sequence}`;
  await bed.ask.position({ after: end });
  expect(await idsInLog(bed, end)).toEqual([...taken, "1000"]);
  expect((await streamState(bed.events))!.first).toBeGreaterThan(1);
  expect((await bed.ask.withheld({})).withheld).toEqual([]);
});

test("what is in the log and old leaves the stream, what is young stays", async () => {
  const bed = await aBed();
  const young = await bed.start();
  await until("the tracker to be active", () => young.ready().ready);
  await bed.ask.position({ after: await bed.say(foreign("1"), foreign("2")) });
  await young.stop();
  expect((await streamState(bed.events))!.first).toBe(1);
  await bed.start({ JACKFIELD_STREAM_DAYS: "0" });
  await until("the stream is empty", async () => (await streamState(bed.events))!.first === 3);
  const after = await bed.say(foreign("3"));
  const { events } = await bed.ask.events({ after });
  expect(events.map(({ event }) => event.id)).toEqual(["1", "2", "3"]);
});

test("a stream is crowded from four fifths of its room on, and then has two fifths free", () => {
  const state = { epoch: 1, created: "", renewed: false, first: 11, last: 110, maxBytes: 1_000 };
  expect(overflowing({ ...state, bytes: 799 })).toBe(11);
  expect(overflowing({ ...state, bytes: 800 })).toBe(36);
  expect(overflowing({ ...state, bytes: 1_000 })).toBe(51);
});
