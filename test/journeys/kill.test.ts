// `kill -9` of a service, a handler or a server in the middle of a run: what died is started again, the run
// finishes, and the tracker's log holds every event once, in the order of the stream.
import { beforeAll, expect, test } from "vitest";
import { contentDigest } from "@jackfield/events/digest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import { printPosition } from "@jackfield/spec/event/position";
import { shortType } from "@jackfield/spec/event/type";
import { getEvents } from "@jackfield/spec/http/events";
import { until } from "../bed/until.ts";
import { sameAnswer } from "./programs.ts";
import { projectWith, World } from "./world.ts";

/** Who is killed, and the event after which. */
const blows: [victim: string, after: string][] = [
  ["conductor", "fetch.triggered"],
  ["tracker", "train.started"],
  ["nats-server", "train.started"],
  ["conductor", "train.started"],
  ["nats-server", "train.finished"],
  ["postgres", "train.started"],
  ["train", "train.started"],
];

async function processOf(world: World, victim: string): Promise<number> {
  const { nats, postgres, services = [] } = await world.run();
  const servers = { "nats-server": nats?.pid, postgres: postgres?.pid };
  const pid = { ...servers, ...Object.fromEntries(services.map((each) => [each.name, each.pid])) }[victim];
  if (pid === undefined) throw new Error(`${victim} does not run`);
  return pid;
}

/** Asks until somebody answers: what the blow before hit may need a moment more than the run did. */
const askedFor = (world: World): Promise<string> =>
  until("a run", async () => {
    const { exit, out, err } = await world.type("run", "weather/seattle", "--no-cache", "--no-wait");
    if (exit !== 0) throw new Error(err);
    return out.trim();
  });

async function strike(world: World, victim: string, after: string): Promise<string> {
  const run = await askedFor(world);
  await world.happened(after, (event) => event.run === run);
  process.kill(await processOf(world, victim), "SIGKILL");
  await world.happened("run.finished", (event) => event.run === run, 45_000);
  return run;
}

const ofType = (events: readonly CloudEvent[], predicate: string): CloudEvent[] =>
  events.filter(({ type }) => shortType(type).endsWith(`.${predicate}`));

interface Said {
  position: string;
  event: CloudEvent;
}

/**
 * What was said, each thing once. A killed server may have stored an event and never said so; then it is published
 * again, and the stream holds a repeat with the same key and content, which is harmless. Other content is kept here.
 */
function saidOnce({ seen }: World): Said[] {
  const said = new Map<string, Said>();
  for (const { position, event } of seen) {
    if (event === undefined) continue;
    const key = `${eventKey(event)} ${contentDigest(event)}`;
    if (!said.has(key)) said.set(key, { position: printPosition(position), event });
  }
  return [...said.values()];
}

/** Each `triggered` has one `finished` that counts, and its run one end. */
function expectOneEndEach(events: readonly CloudEvent[]): void {
  const finished = ofType(events, "finished");
  const ends = finished.filter(({ type }) => shortType(type) === "run.finished");
  expect(ends.map(({ data }) => data)).toMatchObject([{ outcome: "pass" }]);
  for (const { id, type } of ofType(events, "triggered")) {
    const answers = finished.filter(({ triggeredid }) => triggeredid === id);
    expect(answers.length, `answers to ${shortType(type)}`).toBe(1);
  }
}

/** The tracker's log from its beginning, a page at a time. */
async function logOfTracker(world: World): Promise<string[]> {
  const last = world.seen.at(-1);
  const lines: string[] = [];
  let cursor: string | undefined = "";
  while (cursor !== undefined) {
    const query = new URLSearchParams({ limit: "100", order: "oldest" });
    if (cursor !== "") query.set("cursor", cursor);
    if (last !== undefined) query.set("after", printPosition(last.position));
    const answer = await fetch(`${world.url}/v1/events?${query.toString()}`);
    const page = getEvents.answer.parse(await answer.json());
    lines.push(...page.events.map(({ position, event }) => `${position} ${event.type} ${event.id}`));
    cursor = page.next;
  }
  return lines;
}

let world: World;
beforeAll(async () => {
  const folder = await projectWith("node train.mjs 1500", { "train.mjs": sameAnswer });
  world = await World.begin({
    folder,
    isolate: true,
    environment: { JACKFIELD_LEASE_SECONDS: "8" },
  });
  await world.did("apply");
});

test("who waits for a verdict gets it although the gateway is killed twice meanwhile", async () => {
  const waiting = world.type("emit", "code.changed", "--id", "push-1");
  const started = await world.happened("train.started");
  process.kill(await processOf(world, "gateway"), "SIGKILL");
  await world.happened("train.finished", ({ run }) => run === started.run);
  process.kill(await processOf(world, "gateway"), "SIGKILL");
  const { exit, out, err } = await waiting;
  expect({ exit, out }, err).toEqual({ exit: 0, out: expect.stringContaining("seattle-1") as unknown });
  const told = err.match(/^ +[\d.]+ s .*$/gm)?.map((line) => line.trim().split(/ {2,}/)[2]);
  expect(
    told?.filter((type) => type?.endsWith(".finished")),
    err,
  ).toEqual(["fetch", "split", "train", "evaluate", "run"].map((subject) => `${subject}.finished`));
}, 60_000);

test("what is killed in the middle of a run comes back, and nothing is lost or doubled", async () => {
  for (const [victim, after] of blows) {
    const run = await strike(world, victim, after);
    const events = saidOnce(world).flatMap(({ event }) => (event.run === run ? [event] : []));
    expectOneEndEach(events);
    const attempts = ofType(events, "triggered").length;
    expect(attempts, `${victim} after ${after}`).toBe(victim === "train" ? 5 : 4);
  }
  const said = saidOnce(world);
  const keys = said.map(({ event }) => eventKey(event));
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  const stream = said.map(({ position, event }) => `${position} ${event.type} ${event.id}`);
  expect(await logOfTracker(world)).toEqual(stream);
}, 120_000);
