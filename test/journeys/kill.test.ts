// `kill -9` of a service, a handler or a server in the middle of a run: what died is started again, the run
// finishes, and the log holds every event once, in the stream as in the tracker.
import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
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

/** Each `triggered` has one `finished` that counts, and its run one end. */
function expectOneEndEach(world: World, run: string): void {
  const events = world.events.filter((event) => event.run === run);
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

test("what is killed in the middle of a run comes back, and nothing is lost or doubled", async () => {
  const folder = await projectWith("node train.mjs 1500", { "train.mjs": sameAnswer });
  const world = await World.begin({
    folder,
    isolate: true,
    environment: { JACKFIELD_LEASE_SECONDS: "8" },
  });
  await world.did("apply");
  for (const [victim, after] of blows) {
    const run = await strike(world, victim, after);
    expectOneEndEach(world, run);
    const attempts = ofType(world.events, "triggered").filter((event) => event.run === run).length;
    expect(attempts, `${victim} after ${after}`).toBe(victim === "train" ? 5 : 4);
  }
  const keys = world.events.map(({ source, type, id }) => `${source} ${type} ${id}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  const stream = world.seen.map(
    ({ position, event }) => `${printPosition(position)} ${event?.type} ${event?.id}`,
  );
  expect(await logOfTracker(world)).toEqual(stream);
}, 120_000);
