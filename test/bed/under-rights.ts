import { beforeEach, onTestFinished } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { guardedNatsForThisFile } from "./rights.ts";
import type { FileNats } from "./servers.ts";
import { openEvents, type Events } from "@jackfield/events/connection";
import { ensureHandlerConsumer, type BoundConsumer } from "@jackfield/events/handler-consumer";
import type { LogEntry } from "@jackfield/events/log-entry";
import { readLog } from "@jackfield/events/log-reader";
import type { Party } from "@jackfield/events/rights";
import { ensureStream } from "@jackfield/events/stream";

export const admin: Party = { kind: "admin" };
export const service = (name: string): Party => ({ kind: "service", name });
export const handler = (project: string, name: string): Party => ({
  kind: "handler",
  project,
  handler: name,
  capabilities: ["train"],
});

/** Services and handlers of a house whose server knows their rights; a fresh stream for each test. */
export interface House {
  nats: FileNats;
  as(party: Party): Promise<Events>;
  consumerOf(project: string, name: string): Promise<BoundConsumer>;
  /** All that the stream holds, as a reader sees it. */
  log(): Promise<LogEntry[]>;
}

export function underRights(): House {
  const services = ["conductor", "tracker", "projects", "gateway", "fetch", "split", "train", "evaluate"];
  const { nats, credential } = guardedNatsForThisFile({ house: services });
  const as = async (party: Party): Promise<Events> => {
    const events = await openEvents({ url: nats.url, name: party.kind, creds: credential(party) });
    onTestFinished(() => events.close());
    return events;
  };
  beforeEach(async () => {
    await using events = await openEvents({ url: nats.url, name: "bed", creds: credential(admin) });
    await events.manager.streams.delete(events.stream).catch(() => undefined);
    await ensureStream(events, { maxBytes: 10_000_000 });
  });
  return {
    nats,
    as,
    consumerOf: async (project, name) =>
      ensureHandlerConsumer(await as(service("conductor")), { project, handler: name, capability: "train" }),
    log: async () => readAll(await as(service("tracker"))),
  };
}

async function readAll(events: Events): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const read = new AbortController();
  await readLog(events, {
    from: undefined,
    signal: read.signal,
    onBatch: async (batch) => void entries.push(...batch),
    onIdle: () => read.abort(),
  });
  return entries;
}

/** What a handler answers, or the conductor triggers, for one task. */
export const trainEvent = (project: string, name: string, predicate: string): CloudEvent => ({
  specversion: "1.0",
  id: `r/train/${name}/1/${predicate}`,
  source: predicate === "triggered" ? "/jackfield/conductor" : `/jackfield/handlers/${name}`,
  type: eventType("train", predicate, "1.0.0"),
  subject: "r/train",
  project,
  handler: name,
  attempt: 1,
});
