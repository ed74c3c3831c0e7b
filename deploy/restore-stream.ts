import type { Events } from "@jackfield/events/connection";
import { printJson } from "@jackfield/events/json-text";
import { beforeAll } from "@jackfield/events/log-place";
import { readLog } from "@jackfield/events/log-reader";
import { outgoing } from "@jackfield/events/outgoing";
import { createPublisher } from "@jackfield/events/publish";
import { streamState } from "@jackfield/events/stream";
import { Problem } from "@jackfield/problem/problem";
import { readConfig, serviceSettings, type Environment } from "@jackfield/service/configuration";
import { connect, type Connections } from "@jackfield/service/connections";
import { readTrackersLog } from "@jackfield/service/history";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import { comparePositions, type Position } from "@jackfield/spec/event/position";
import { openAsAdmin } from "./as-admin.ts";
import { readRun } from "./run-file.ts";

/** What the log has of earlier streams and this one has not, as far as it is young enough and there is room for it. */
export interface LostEvents {
  count: number;
  /** Older ones, for which there is no room. */
  left: number;
  /** Puts them back, in their order, marked as restored. Answers with how many. */
  putBack(onProgress?: (done: number) => void): Promise<number>;
}

/**
 * The same for the NATS that the environment names, with the credential of an administrator, else for the Jackfield that
 * runs in a folder. @throws Problem E_UNREACHABLE when there is neither
 */
export async function openRestoring(
  folder: string,
  environment: Environment,
): Promise<LostEvents & AsyncDisposable> {
  const { events, close } = await connected(folder, environment);
  try {
    return { ...(await findLost(events)), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connected(
  folder: string,
  environment: Environment,
): Promise<Pick<Connections, "events" | "close">> {
  if (environment["JACKFIELD_NATS_URL"] !== undefined)
    return connect("restore", readConfig(serviceSettings, environment), { stateful: false });
  const run = await readRun(folder);
  if (run === undefined)
    throw new Problem("E_UNREACHABLE", `Nothing runs in ${folder}.`, {
      why: "a stream is rebuilt from the log of a running tracker",
      next: "jackfield up, or set JACKFIELD_NATS_URL; then the same again",
    });
  const events = await openAsAdmin(run, "restore");
  return { events, close: () => events.close() };
}

/** Room for what comes; from four fifths on the tracker trims. */
const filled = 0.6;
/** What the server keeps beside a message. */
const overhead = 200;
const inFlight = 1_000;

/**
 * Compares the tracker's log with the stream. Only what lies in the log under an earlier epoch counts: what was trimmed
 * of this one is not lost.
 * @throws Problem E_UNREACHABLE without a tracker, E_STORE_DOWN without a stream
 */
export async function findLost(events: Events): Promise<LostEvents> {
  const state = await streamState(events);
  if (state === undefined)
    throw new Problem("E_STORE_DOWN", `NATS holds no stream ${events.stream}.`, {
      next: "start the tracker, which makes it, then ask again",
    });
  const { epoch, bytes, maxBytes } = state;
  const there = await keysInStream(events);
  const lost: Lost[] = [];
  for await (const { event, position } of lostBefore(events, { epoch, there }))
    lost.push({ position, bytes: Buffer.byteLength(printJson(event)) + overhead });
  const left = firstFitting(lost, filled * maxBytes - bytes);
  const putBack = async (onProgress: (done: number) => void = () => undefined): Promise<number> => {
    await using publisher = createPublisher(events);
    const start = lost[left]?.position;
    let done = 0;
    for await (const { event, position } of lostBefore(events, { epoch, there })) {
      if (start === undefined || comparePositions(position, start) < 0) continue;
      const published = publisher.send(outgoing(event, events, true), { untilAccepted: true });
      done += 1;
      if (done % inFlight !== 0) continue;
      await published;
      onProgress(done);
    }
    await publisher.flush();
    return done;
  };
  return { count: lost.length - left, left, putBack };
}

interface Lost {
  position: Position;
  bytes: number;
}

/** Where the newest begin that fit into so many bytes. */
function firstFitting(lost: readonly Lost[], room: number): number {
  let used = 0;
  for (let index = lost.length - 1; index >= 0; index -= 1) {
    used += lost[index]?.bytes ?? 0;
    if (used > room) return index + 1;
  }
  return 0;
}

async function keysInStream(events: Events): Promise<Set<string>> {
  const keys = new Set<string>();
  const end = new AbortController();
  await readLog(events, {
    from: undefined,
    signal: end.signal,
    onBatch: async (batch) => {
      for (const { event } of batch) if (event !== undefined) keys.add(eventKey(event));
    },
    onIdle: () => end.abort(),
  });
  return keys;
}

/** Events that the log has under earlier epochs, without those of these keys. */
async function* lostBefore(
  events: Events,
  { epoch, there }: { epoch: number; there: ReadonlySet<string> },
): AsyncGenerator<{ event: CloudEvent; position: Position }> {
  let from: Position = beforeAll;
  for (;;) {
    const page = await readTrackersLog(events, from, { restoring: true });
    for (const { event, position } of page.entries) {
      if (position.epoch >= epoch) return;
      if (event !== undefined && !there.has(eventKey(event))) yield { event, position };
    }
    if (page.upTo.epoch >= epoch || comparePositions(page.upTo, from) <= 0) return;
    from = page.upTo;
  }
}
