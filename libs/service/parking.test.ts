import { openPostgres } from "@jackfield/postgres/database";
import type { LogEntry } from "@jackfield/events/log-entry";
import { contentDigest } from "@jackfield/events/digest";
import { subjectOf } from "@jackfield/events/subject";
import { movePosition, readPosition, type PositionTables } from "@jackfield/postgres/position";
import type { ParkedTables } from "@jackfield/postgres/parked";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { deliveryParked, deliveryRedriven } from "@jackfield/spec/facts/delivery";
import { sql } from "kysely";
import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { freshDatabase } from "../../test/bed/servers.ts";
import type { LogFold } from "./define.ts";
import { redrivenFact } from "./delivery-facts.ts";
import { openLog } from "./log.ts";
import { Parking } from "./parking.ts";

const migration = new URL("../../services/conductor/migrations/000002.sql", import.meta.url);

const event = (id: string): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/ci",
  type: "com.example.pushed",
});

const entryOf = (said: CloudEvent, sequence: number): LogEntry => ({
  position: { epoch: 1, sequence },
  subject: subjectOf(said),
  storedMs: 1_700_000_000_000,
  event: said,
  digest: contentDigest(said),
});

const batch = (...ids: string[]): LogEntry[] => ids.map((id, index) => entryOf(event(id), index + 1));

/** A reader that keeps the ids of its events, and stumbles over those in `poison`; `fault` is thrown at its next batch. */
async function reader(...poison: string[]) {
  const bed = await freshDatabase();
  const database = await openPostgres({ url: bed.url, schema: "public", applicationName: "parking" });
  onTestFinished(async () => {
    await database.close();
    await bed.drop();
  });
  await database.pool.query(`${await readFile(migration, "utf8")};
    create table position (singleton boolean primary key default true, epoch bigint, sequence bigint);
    create table read (n serial, id text)`);
  const db = database.kysely.withTables<PositionTables & ParkedTables>();
  const trouble = { poison: new Set(poison), fault: undefined as Error | undefined };
  let position = await readPosition(database.kysely.withTables());
  const fold: LogFold = {
    get position() {
      return position;
    },
    pass: async (entry, move) => {
      await move(position);
      position = entry.position;
    },
    onBatch: async (entries) => {
      const to = entries.at(-1)!.position;
      await db.transaction().execute(async (tx) => {
        await movePosition(tx.withTables(), position, to);
        for (const { event: said } of entries) {
          await sql`insert into read (id) values (${said!.id})`.execute(tx);
          if (trouble.poison.has(said!.id)) throw new Error(`cannot read ${said!.id}`);
          if (trouble.fault !== undefined) throw trouble.fault;
        }
      });
      position = to;
    },
  };
  const told: CloudEvent[] = [];
  const publish = async (fact: CloudEvent) => {
    told.push(fact);
    return { position: { epoch: 1, sequence: 1_000 }, duplicate: false };
  };
  const publisher = {
    publish,
    send: () => Promise.reject(new Error("nobody prepares")),
    flush: async () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const log = openLog({ service: "reader", level: "silent" });
  const parking = new Parking({ reader: "conductor", fold, db, publisher, log });
  const read = async (): Promise<string[]> =>
    (await database.pool.query<{ id: string }>("select id from read order by n")).rows.map(({ id }) => id);
  const parked = async () =>
    (await database.pool.query<object>("select sequence, reason, times, redriven_sequence, told from parked"))
      .rows;
  return { parking, trouble, told, read, parked };
}

const redriven = (id: string, sequence: number): CloudEvent =>
  redrivenFact({ reader: "conductor", position: { epoch: 1, sequence }, times: 1, event: event(id) }, {});

test.each([0, 1, 2, 3])(
  "F17: a poison event at place %i of its batch is parked alone, and said",
  async (place) => {
    const ids = ["a", "b", "c", "d"];
    const poison = ids[place]!;
    const { parking, told, read, parked } = await reader(poison);
    await parking.onBatch(batch(...ids));
    expect(await read()).toEqual(ids.filter((id) => id !== poison));
    expect(parking.position).toEqual({ epoch: 1, sequence: 4 });
    await vi.waitFor(async () =>
      expect(await parked()).toEqual([
        {
          sequence: place + 1,
          reason: `cannot read ${poison}`,
          times: 1,
          redriven_sequence: null,
          told: true,
        },
      ]),
    );
    expect(told.map(({ type, source, data }) => ({ type, source, data }))).toMatchObject([
      {
        type: deliveryParked.type,
        source: "/jackfield/conductor",
        data: { reader: "conductor", position: `1-${place + 1}`, why: "failed", times: 1 },
      },
    ]);
  },
);

test("a fault of the store parks nothing: it ends the reading, which begins again where it was", async () => {
  const { parking, trouble, read, parked } = await reader();
  const refused: Error = Object.assign(new Error("it is down"), { code: "ECONNREFUSED" });
  for (const fault of [refused, new Error("Connection terminated unexpectedly")]) {
    trouble.fault = fault;
    await expect(parking.onBatch(batch("a", "b"))).rejects.toThrow(fault.message);
  }
  expect(parking.position).toBeUndefined();
  trouble.fault = undefined;
  await parking.onBatch(batch("a", "b"));
  expect(await read()).toEqual(["a", "b"]);
  expect(await parked()).toEqual([]);
});

test("what is redriven is folded at the place of the fact that says so; failing there parks it again", async () => {
  const { parking, trouble, told, read, parked } = await reader("b");
  await parking.onBatch(batch("a", "b", "c"));
  await parking.onBatch([entryOf(redriven("b", 2), 4), entryOf(event("d"), 5)]);
  expect(await read()).toEqual(["a", "c", redriven("b", 2).id, "d"]);
  await vi.waitFor(async () =>
    expect(await parked()).toMatchObject([{ times: 2, redriven_sequence: null, told: true }]),
  );
  expect(told.map(({ id }) => id)).toEqual(["conductor-1-2/1/parked", "conductor-1-2/2/parked"]);

  trouble.poison.clear();
  const again = { ...redriven("b", 2), id: "conductor-1-2/2/redriven" };
  await parking.onBatch([entryOf(again, 6)]);
  expect((await read()).slice(4)).toEqual(["b", again.id]);
  expect(await parked()).toMatchObject([{ times: 2, redriven_sequence: 6 }]);

  await parking.onBatch([entryOf({ ...again, id: "said twice" }, 7)]);
  expect((await read()).slice(6)).toEqual(["said twice"]);
});

test("nobody else's word redrives anything, and a redrive that a crash cut short is done when it is read again", async () => {
  const { parking, trouble, read, parked } = await reader("b");
  await parking.onBatch(batch("a", "b"));
  await parking.onBatch([entryOf({ ...redriven("b", 2), source: "/ci" }, 3)]);
  expect(await parked()).toMatchObject([{ times: 1 }]);
  trouble.poison.clear();
  trouble.fault = Object.assign(new Error("it is down"), { code: "ECONNREFUSED" });
  const fact = entryOf(redriven("b", 2), 4);
  expect(fact.event?.type).toBe(deliveryRedriven.type);
  await expect(parking.onBatch([fact])).rejects.toThrow();
  trouble.fault = undefined;
  await parking.onBatch([fact]);
  expect((await read()).slice(2)).toEqual(["b", fact.event?.id]);
});
