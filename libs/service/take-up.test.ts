import { answer } from "@jackfield/events/ask";
import type { TaskDelivery } from "@jackfield/events/consume-tasks";
import { openEvents, type Events } from "@jackfield/events/connection";
import { sourceOfService } from "@jackfield/spec/event/ids";
import { eventType } from "@jackfield/spec/event/type";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { assignmentOf } from "./answer-events.ts";
import { takeUp } from "./take-up.ts";
import { Taken } from "./taken.ts";

const nats = natsForThisFile();
let events: Events;
/** What happened, in order. */
let happened: string[];

beforeEach(async () => {
  happened = [];
  events = await openEvents({ url: nats.url, name: "handler", prefix: prefix() });
  onTestFinished(() => events.close());
});

/** The conductor answers one question after the other with these. */
async function given(...answers: object[]): Promise<void> {
  const listening = await answer(events, "lease.*.*", async () => {
    happened.push("asked");
    return answers.shift() ?? {};
  });
  onTestFinished(() => listening[Symbol.asyncDispose]());
}

const go = { go: true, untilSeconds: 60 };
const stale = { go: false, reason: "stale" };

async function takes({ redelivered, start }: { redelivered: boolean; start?: () => Promise<void> }) {
  const event = {
    specversion: "1.0" as const,
    id: "r/echo/echo/1/triggered",
    source: sourceOfService("conductor"),
    type: eventType("echo", "triggered", "1.0.0"),
    subject: "r/echo",
    project: "p",
    handler: "echo",
    attempt: 1,
  };
  const ack = () => void happened.push("acknowledged");
  const working = () => undefined;
  const delivery: TaskDelivery = { event, sequence: 1, redelivered, ageMs: 0, ack, working };
  const assignment = assignmentOf(event, "i")!;
  const started = async (): Promise<void> => {
    await start?.();
    happened.push("started");
  };
  const { signal } = new AbortController();
  const taken = new Taken();
  return takeUp(delivery, { events, assignment, data: undefined, start: started, signal, taken });
}

test("a first delivery is begun without a question", async () => {
  await given(stale);
  expect(await takes({ redelivered: false })).toBe(true);
  expect(happened).toEqual(["started", "acknowledged"]);
});

test("what others may hold too is asked about before it is begun, and again when it is", async () => {
  await given(go, go);
  expect(await takes({ redelivered: true })).toBe(true);
  expect(happened).toEqual(["asked", "started", "acknowledged", "asked"]);
});

test("what is over is not begun", async () => {
  await given(stale);
  expect(await takes({ redelivered: true })).toBe(false);
  expect(happened).toEqual(["asked", "acknowledged"]);
});

test("whose started was not the first does not work", async () => {
  await given(go, stale);
  expect(await takes({ redelivered: true })).toBe(false);
});

test("a server that was killed before it had started may have given the attempt to somebody else", async () => {
  const reconnected = new Promise<void>((resolve) => {
    events.watch(({ type }) => {
      if (type === "reconnect") resolve();
    });
  });
  await given(stale);
  const start = async (): Promise<void> => {
    await nats.kill();
    await nats.restart();
    await reconnected;
  };
  expect(await takes({ redelivered: false, start })).toBe(false);
  expect(happened).toEqual(["started", "acknowledged", "asked"]);
});
