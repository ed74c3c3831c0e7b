// A small world in memory that keeps every rule, for the checker's own stories: each breaks one thing in it.
import type { Event, Message } from "./envelope.ts";
import { caseOf, type Case } from "./evidence.ts";
import type { Deed, Line } from "./history.ts";
import type { Stores } from "./stores.ts";

const epoch = 1_700_000_000;
const begin = epoch * 1_000;
export const run = "r1";
export const task = `${run}/train`;
export const at = (sequence: number): string => `${epoch}-${sequence}`;

const type = (short: string): string => `dev.cdeventsx.jackfield-${short}.1.0.0`;

/** An event of the project `p` under its short type. */
export const said = (short: string, attributes: Partial<Event> = {}): Event => ({
  specversion: "1.0",
  id: `${run}/1/${short.split(".")[1] ?? ""}`,
  source: "/jackfield/conductor",
  type: type(short),
  project: "p",
  run,
  ...attributes,
});

/** What the conductor asks the handler `boost`, and what is answered. */
export const triggered = (attempt = 1): Event =>
  said("train.triggered", { ...assigned(attempt, "triggered"), causationid: `${run}/1/started` });

export const answered = (predicate: string, attributes: Partial<Event> = {}, attempt = 1): Event => {
  const triggeredid = `${task}/boost/${attempt}/triggered`;
  const source = "/jackfield/handlers/boost";
  const own = { ...assigned(attempt, predicate), source, triggeredid, causationid: triggeredid };
  return said(`train.${predicate}`, { ...own, ...attributes });
};

const assigned = (attempt: number, predicate: string) => ({
  id: `${task}/boost/${attempt}/${predicate}`,
  subject: task,
  handler: "boost",
  attempt,
});

/** Where an honest program puts an event. */
export function subjectOf(event: Event): string {
  const isTask = event.type.includes("-train.");
  const own = event.type.includes(".triggered.") || event.source !== "/jackfield/conductor";
  return `evt.p.${isTask && own ? "boost" : "_"}.${event.type}`;
}

/** One run of one task, as it should be. */
export const story = (): Event[] => [
  said("run.requested", { id: "q1", source: "/ci", run: undefined }),
  said("run.started", { causationid: "q1", causationsource: "/ci" }),
  triggered(),
  answered("started"),
  answered("finished", { status: "succeeded" }),
  said("run.finished", { causationid: `${task}/boost/1/finished` }),
];

export const messageOf = (event: Event, sequence: number, subject = subjectOf(event)): Message => ({
  epoch,
  sequence,
  subject,
  storedMs: begin + sequence * 100,
  headers: [["Content-Type", "application/cloudevents+json"]],
  body: Buffer.from(JSON.stringify(event)),
});

export type Place = { epoch: number; sequence: number };
export const place = (sequence: number): Place => ({ epoch, sequence });

/** Stores in which the tracker kept every message and all counted the `finished` at `counted`. */
export function storesOf(messages: readonly Message[], counted = 5): Stores {
  const position = place(messages.length);
  const progress = { waiting: 0, ready: 0, running: 0, skipped: 0, done: { pass: 1 } };
  const triggeredid = `${task}/boost/1/triggered`;
  return {
    tracker: {
      position,
      kept: messages.map((message) => ({
        ...place(message.sequence),
        at: new Date(message.storedMs),
        body: Buffer.from(message.body).toString(),
      })),
      withheld: [],
      attempts: [{ triggeredid, finished_epoch: epoch, finished_sequence: counted }],
      late: [],
      runs: [{ run, state: "pass" }],
    },
    conductor: {
      position,
      tasks: [{ id: task, run, status: "done", outcome: "pass", attempt: 1, position: place(counted) }],
      asks: [],
      runs: [{ id: run, name: "p-1", status: "finished", progress }],
      outbox: [],
    },
  };
}

/** The tracker keeps this message beside the log instead of in it. */
export function withhold({ tracker }: Stores, { sequence, body, subject = "" }: Message, why: string): void {
  tracker.kept = tracker.kept.filter((row) => row.sequence !== sequence);
  const words = { why, detail: "", subject, headers: null, body: Buffer.from(body).toString() };
  tracker.withheld.push({ ...place(sequence), at: new Date(begin), ...words });
}

export interface Broken {
  messages?: Message[];
  stores?: Stores;
  history?: Line[];
}

/** A line of history, `seconds` after the first message. */
export const did = (deed: Deed, seconds = 1): Line => ({
  at: begin + seconds * 1_000,
  who: "story",
  ...deed,
});

/** What a test records when all is well: a client, an execution, an effect, the projections, a fault. */
export const ordinary: Line[] = [
  did({ op: "execute", part: "begin", task, handler: "boost", attempt: 1, instance: "1" }, 0.4),
  did({ op: "fault", what: "kill -9 conductor", part: "blow" }, 0.41),
  did({ op: "execute", part: "end", task, handler: "boost", attempt: 1, instance: "1" }, 0.45),
  did({ op: "effect", key: task }, 0.45),
  did({ op: "states", of: "tracker", states: { [run]: "running", position: at(3) } }, 0.45),
  did({ op: "states", of: "tracker", states: { [run]: "pass", position: at(6) } }, 0.7),
];

/** A case; what is not given is as it should be. */
export function given({ messages = story().map(inOrder), stores, history = ordinary }: Broken = {}): Case {
  const stream = { epoch, root: "evt", first: 1, last: messages.length, messages };
  return caseOf(history, stores ?? storesOf(messages), stream);
}

export const inOrder = (event: Event, index: number): Message => messageOf(event, index + 1);
