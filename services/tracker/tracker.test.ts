import { printJson } from "@jackfield/events/json-text";
import { subjectOf } from "@jackfield/events/subject";
import type { RunningService } from "@jackfield/service/start";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { installed, openBed, refusalOf, type Bed } from "./fixture/bed.ts";
import { foreign, Life } from "./fixture/life.ts";
import { waitFrom } from "@jackfield/service/waiting";

const nats = natsForThisFile();

async function aTracker(): Promise<Bed & { first: RunningService }> {
  const database = await freshDatabase(installed);
  const bed = await openBed({ natsUrl: nats.url, adminUrl: database.url, prefix: prefix() });
  onTestFinished(async () => {
    await bed.close();
    await database.drop();
  });
  const first = await bed.start();
  await until("the tracker to be active", () => first.ready().ready);
  return { ...bed, first };
}

test("one task can be tailed from where one left off, without gap or repeat, and foreign events with it", async () => {
  const bed = await aTracker();
  const life = new Life();
  const said = Array.from({ length: 30 }, (_, n) => foreign(`push-${n}`));
  const after = await bed.say(...said, life.task("train", "triggered"), life.task("train", "started"));
  const seen: string[] = [];
  for (let cursor: string | undefined, page = 0; page < 20; page += 1) {
    const answer = await bed.ask.events({ after, limit: 7, ...(cursor !== undefined && { cursor }) });
    seen.push(...answer.events.map(({ event: { id } }) => id));
    expect(answer.position).toBe(after);
    cursor = answer.next;
    if (cursor === undefined) break;
  }
  expect(seen).toEqual([
    ...said.map(({ id }) => id),
    ...["triggered", "started"].map((predicate) => life.task("train", predicate).id),
  ]);
  const backwards = await bed.ask.events({ order: "newest", limit: 2 });
  expect(backwards.events.map(({ event: { id } }) => id)).toEqual(seen.slice(-2).reverse());
  const task = await bed.ask.events({ filter: `train.* subject=${life.run}/train` });
  expect(task.events).toHaveLength(2);
});

const filters: [filter: string, found: string[]][] = [
  ["train.finished", ["late", "train"]],
  ["*.finished outcome=fail", ["late"]],
  ["handler=train attempt>1", ["again", "late"]],
  ["train.finished handler!=train | com.example.*", ["push"]],
  ["type=train.trig* subproject=sea*", ["asked", "again"]],
  ["train.* cesql:'attempt > 1 AND outcome = \"fail\"'", ["late"]],
  [`cesql:"type NOT LIKE '%-train.%'"`, ["push"]],
  ["run=nowhere", []],
  ["colour=red", []],
  ["data=1", []],
];

test("filters find what they say", async () => {
  const bed = await aTracker();
  const life = new Life();
  const second = { attempt: 2 };
  const said = {
    // PostgreSQL has no text for the first of these.
    push: foreign("push", { data: { odd: "a\u0000b", half: "\ud800" } }),
    asked: life.task("train", "triggered"),
    train: life.task("train", "finished"),
    again: life.task("train", "triggered", second),
    late: life.task("train", "finished", { ...second, result: "fail" }),
  };
  const names = new Map(Object.entries(said).map(([name, { id }]) => [id, name]));
  const after = await bed.say(...Object.values(said));
  for (const [filter, expected] of filters) {
    const { events } = await bed.ask.events({ after, filter });
    const found = events.map(({ event: { id } }) => names.get(id));
    expect(new Set(found), filter).toEqual(new Set(expected));
  }
});

test("a filter that is not understood says where", async () => {
  const bed = await aTracker();
  expect(await refusalOf(bed.ask.events({ filter: "train.* ?" }))).toContain('E_FILTER "?" is no type');
});

test("numbers that no double holds come back as they were sent", async () => {
  const bed = await aTracker();
  const after = await bed.say(
    foreign("large", { data: { rows: 9_007_199_254_740_993n, zero: 0, empty: "" } }),
  );
  const { found } = await bed.ask.event({ id: "large", after });
  expect(found.event.data).toEqual({ rows: 9_007_199_254_740_993n, zero: 0, empty: "" });
});

test("an event reads the same however it was written: white space, nulls, a byte order mark, binary mode", async () => {
  const bed = await aTracker();
  const stream = jetstream(bed.events.connection);
  const subject = subjectOf(foreign("1"), bed.events.subjectRoot);
  const attributes = foreign("?", { data: { rows: 9_007_199_254_740_993n } });
  const text = printJson(attributes);
  const forms = [text.replaceAll(",", ",\n "), `\uFEFF${text}`, text.replace("{", '{"subject":null,')];
  for (const [n, form] of forms.entries()) await stream.publish(subject, form.replace('"?"', `"${n}"`));
  const binary = headers();
  for (const name of ["specversion", "source", "type"] as const) binary.set(`ce-${name}`, attributes[name]);
  binary.set("ce-id", String(forms.length));
  await stream.publish(subject, printJson(attributes.data), { headers: binary });
  const after = await bed.say(foreign("last"));
  const { events } = await bed.ask.events({ after });
  expect(events.slice(0, -1).map(({ event }) => event)).toEqual(
    [...forms, "binary"].map((_, n) => ({ ...attributes, id: String(n) })),
  );
});

test("an event tells its causes up to the root and its direct effects", async () => {
  const bed = await aTracker();
  const life = new Life();
  const push = foreign("push");
  const caused = (event: CloudEvent, by: CloudEvent, source?: string): CloudEvent => ({
    ...event,
    causationid: by.id,
    ...(source !== undefined && { causationsource: source }),
  });
  const started = caused(life.started(), push, "/ci");
  const triggered = caused(life.task("train", "triggered"), started);
  const answer = life.task("train", "started");
  // Somebody else's event of the same id is no cause.
  const twin = foreign("push", { source: "/elsewhere" });
  const after = await bed.say(push, twin, started, triggered, answer);
  const told = await bed.ask.event({ id: triggered.id, after });
  expect(told.causes.map(({ event: { id, source } }) => [id, source])).toEqual([
    [started.id, started.source],
    ["push", "/ci"],
  ]);
  expect(told.effects.map(({ event: { id } }) => id)).toEqual([answer.id]);
  expect(await refusalOf(bed.ask.event({ id: "push" }))).toContain("E_AMBIGUOUS com.example.pushed from /ci");
});

test("what is no event, and what only says that it is somebody's, is kept apart and can be looked at", async () => {
  const bed = await aTracker();
  const root = bed.events.subjectRoot;
  const forged = new Life().task("train", "triggered", { source: "/ci" });
  const stream = jetstream(bed.events.connection);
  await stream.publish(`${root}.junk`, Buffer.from([0, 1, 255]));
  await stream.publish(subjectOf(forged, root), JSON.stringify(forged));
  const after = await bed.say(foreign("1", { data: 1 }), foreign("1", { data: 2 }));
  const { withheld: found } = await bed.ask.withheld({ after });
  expect(found.map(({ why }) => why)).toEqual(["conflict", "forged", "not-an-event"]);
  expect(found.at(-1)!.text).toBe("base64:AAH/");
  const asked = { source: "/ci", type: "com.example.pushed" };
  const { known } = await bed.ask.keys({
    keys: [
      { ...asked, id: "none" },
      { ...asked, id: "1" },
    ],
  });
  expect(known[0]).toEqual({});
  const { digest, position: first } = known[1]!;
  expect(digest).toMatch(/^sha256:/);
  const facts = async () =>
    (await bed.ask.events({ filter: "delivery.parked" })).events.map(({ event }) => event);
  await until("the first of each kind is said", async () => (await facts()).length === 3);
  expect((await facts()).map(({ data }) => data)).toMatchObject([
    { reader: "tracker", why: "not-an-event", subject: `${root}.junk` },
    { reader: "tracker", why: "forged" },
    { reader: "tracker", why: "conflict", event: { id: "1", source: "/ci" } },
  ]);
  const again = await bed.say(foreign("1", { data: 3 }), foreign("2"));
  expect(await bed.ask.position({ after: again })).toMatchObject({ events: 5, withheld: 4 });
  expect(first).not.toBe(after);
});

test("a reader waits until the log goes as far as it asks", async () => {
  const bed = await aTracker();
  const [epoch, sequence] = (await bed.say(foreign("1"))).split("-").map(Number) as [number, number];
  const waiting = bed.ask.events({ after: `${epoch}-${sequence + 1}` });
  await bed.say(foreign("2"));
  expect((await waiting).events.map(({ event: { id } }) => id)).toEqual(["1", "2"]);
});

test("a wait for what does not come ends at its deadline", async () => {
  const waiting = waitFrom({ epoch: 1, sequence: 5 });
  await waiting.until({ epoch: 1, sequence: 5 }, 0);
  expect(await refusalOf(waiting.until({ epoch: 1, sequence: 9 }, 10))).toBe("E_WAITED It is at 1-5.");
});

test("a standby takes over where the first process ended, and a killed nats-server leaves no gap", async () => {
  const bed = await aTracker();
  const all = Array.from({ length: 200 }, (_, n) => foreign(String(n)));
  await bed.say(...all.slice(0, 100));
  const standby = await bed.start();
  expect(standby.ready().ready).toBe(false);
  await bed.first.stop();
  await until("the standby to be active", () => standby.ready().ready);
  const saying = bed.say(...all.slice(100));
  await nats.kill();
  await nats.restart();
  const after = await saying;
  const answer = await until("the log to be complete", () => bed.ask.events({ after, limit: 500 }));
  expect(answer.events.map(({ event: { id } }) => id)).toEqual(all.map(({ id }) => id));
});
