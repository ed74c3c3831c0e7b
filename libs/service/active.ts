import { setTimeout as pause } from "node:timers/promises";
import type { LogEntry } from "@jackfield/events/log-entry";
import { holdLock, lockLost, type Lock } from "@jackfield/postgres/lock";
import type { ParkedTables } from "@jackfield/postgres/parked";
import type { LogFold, Parts, ServiceParts } from "./define.ts";
import { followLog } from "./follow-log.ts";
import { listenFor, type Answer } from "./answer.ts";
import type { Readiness } from "./health.ts";
import { batchSize } from "./metrics.ts";
import { parkedAnswers } from "./parked-answers.ts";
import { Parking } from "./parking.ts";
import { rebuildAnswers } from "./rebuild-answers.ts";

export interface ActiveLoop {
  ready(): Readiness;
  close(): Promise<void>;
}

const standingBy: Readiness = { ready: false, why: "standing by" };
const firstPauseMs = 100;
/** Asking once a second costs next to nothing, and everybody waits for the one that asks. */
const longestPauseMs = 1_000;

/**
 * Of several processes of one service, one folds the stream and answers; the others wait at a PostgreSQL lock.
 * Any failure of the fold (PostgreSQL gone, position moved by another) ends the activation: state is thrown away,
 * the lock released, and this process becomes a candidate again. So nothing goes on from half a batch.
 */
export function startActive(service: ServiceParts<unknown, unknown>, parts: Parts): ActiveLoop {
  const closing = new AbortController();
  let state: Readiness = standingBy;
  const signal = AbortSignal.any([closing.signal, parts.signal]);
  const work = async (): Promise<void> => {
    try {
      await activate(service, parts, { signal, onState: (now) => (state = now) });
    } finally {
      state = standingBy;
    }
  };
  const loop = repeat(work, signal, (thrown, pauseMs) => {
    state = { ready: false, why: String(thrown) };
    parts.log.warn(
      { event: "service.restarting", error: String(thrown), pauseMs },
      "activation ended; trying again",
    );
  });
  return {
    ready: () => state,
    close: async () => {
      closing.abort();
      await loop;
    },
  };
}

async function activate(
  service: ServiceParts<unknown, unknown>,
  parts: Parts,
  { signal, onState }: { signal: AbortSignal; onState: (state: Readiness) => void },
): Promise<void> {
  await using lock = await holdLock(parts.database, service.name, { signal });
  const broken = new AbortController();
  void lock.lost.then(() => broken.abort(lockLost(service.name)));
  const shared = await service.state?.(parts);
  const fold = await service.reads?.(shared, parts);
  const over = anyOf(signal, broken.signal, fold?.broken);
  const parking = fold === undefined ? undefined : openParking(service.name, fold, parts);
  try {
    const answers = [...(service.answers?.(shared, parts) ?? []), ...(parking?.answers ?? [])];
    await using _listening = await listenFor(
      parts.events,
      answers.map((one) => whileFresh(one, lock)),
    );
    parts.log.info({ event: "service.active", position: fold?.position }, `${service.name} is active`);
    onState({ ready: true });
    parking?.reader.tell();
    const onBatch = async (batch: LogEntry[]): Promise<void> => {
      await parking?.reader.onBatch(batch);
      batchSize.observe({ service: service.name }, batch.length);
    };
    if (fold !== undefined) await followLog(parts, fold, { signal: over, onBatch, onState });
    // Reading just ends when it is told to; whoever looks at the log wants to know why.
    over.throwIfAborted();
  } finally {
    await fold?.close?.();
  }
}

/** A process that was stopped may find on waking that another one speaks; what it knows is old, so it stays silent. */
const whileFresh = (answer: Answer, lock: Lock): Answer => ({
  ...answer,
  reply: async (input, subject) => (lock.isFresh() ? answer.reply(input, subject) : undefined),
});

const anyOf = (...signals: (AbortSignal | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((one) => one !== undefined));

function openParking(reader: string, fold: LogFold, parts: Parts): { reader: Parking; answers: Answer[] } {
  const { database, publisher, log } = parts;
  const own = { reader, fold, db: database.kysely.withTables<ParkedTables>(), publisher, log };
  const parking = new Parking(own);
  return {
    reader: parking,
    answers: [...parkedAnswers(own, parking), ...rebuildAnswers(reader, fold, parts)],
  };
}

/** Runs work again and again until the signal; each failure doubles the pause, success resets it. */
async function repeat(
  work: () => Promise<void>,
  signal: AbortSignal,
  onFailure: (thrown: unknown, pauseMs: number) => void,
): Promise<void> {
  const closed = (): boolean => signal.aborted;
  let pauseMs = firstPauseMs;
  while (!closed()) {
    const began = performance.now();
    try {
      await work();
    } catch (thrown) {
      if (closed()) return;
      pauseMs = performance.now() - began > 30_000 ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
      onFailure(thrown, pauseMs);
    }
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
