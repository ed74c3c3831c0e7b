import { setTimeout as delay } from "node:timers/promises";
import { renewEpoch } from "@jackfield/events/stream";
import type { Database } from "@jackfield/postgres/database";
import type { LogFold, Parts } from "@jackfield/service/define";
import { inTurn } from "@jackfield/service/in-turn";
import { parsePosition, printPosition, type Position } from "@jackfield/spec/event/position";
import type { TrackerConfig } from "./config.ts";
import { Fold } from "./fold.ts";
import { streamOptionsIn } from "@jackfield/service/configuration";
import { keeperOf, makeStream } from "./keeper.ts";
import { rebuildProjections } from "./rebuild.ts";
import { tablesOf, type Db } from "./tables.ts";
import { tellWithheld } from "./tell-withheld.ts";
import { startTrimming } from "./trim.ts";
import { waitFrom, type Waiting } from "@jackfield/service/waiting";

/** What folding and answering share while this process is the active one. */
export interface Tracker {
  db: Db;
  database: Database;
  types: ReadonlySet<string>;
  /** How far the log goes, and how much is in it. */
  progress(): { position?: string; events: number; withheld: number };
  position(): Position;
  /** Waits until the log goes up to here. @throws Problem E_WAITED after 10 s */
  reached(position: string | undefined): Promise<void>;
  /** How long the stream holds what is in the log. */
  days: number;
  /** Gives the stream a later epoch than that of `last`. */
  renew(last: Position): Promise<void>;
  fold: LogFold;
}

const waitMs = 10_000;
// A commit costs as much as twenty events, and competes with the conductor's: after a small batch the next one gathers
// for a moment. An event that comes to a tracker at rest is written at once.
const smallBatch = 50;
const restMs = 4;

/** Makes the stream when there is none, and takes up the log where it ends. */
export async function openTracker(parts: Parts<TrackerConfig>): Promise<Tracker> {
  const { events, database, config } = parts;
  const stream = await makeStream(parts, streamOptionsIn(config));
  const fold = await Fold.open(database);
  const waiting = waitFrom(fold.progress.position);
  const kept = (): Position => fold.progress.position;
  const tell = telling(parts);
  tell();
  return {
    db: tablesOf(database),
    database,
    types: fold.types,
    progress: () => printProgress(fold),
    position: kept,
    days: config.JACKFIELD_STREAM_DAYS,
    reached: async (text) => {
      if (text !== undefined) await waiting.until(parsePosition(text), waitMs);
    },
    renew: (last) => renewEpoch(events, last),
    fold: {
      ...reading(parts, fold, { waiting, tell }),
      keeper: keeperOf(parts, { fold, stream, tell }),
      get position() {
        return isStart(kept()) ? undefined : kept();
      },
    },
  };
}

/** Batches, what is parked, and the state made anew: one after the other. */
function reading(
  parts: Parts<TrackerConfig>,
  fold: Fold,
  { waiting, tell }: { waiting: Waiting; tell: () => void },
): Pick<LogFold, "onBatch" | "pass" | "rebuild" | "close"> {
  const turns = inTurn();
  const days = parts.config.JACKFIELD_STREAM_DAYS;
  const trimming = startTrimming(parts, { kept: () => fold.progress.position, days });
  return {
    close: async () => trimming.close(),
    pass: async ({ position }, move) => {
      await move(fold.progress.position);
      fold.passed(position);
      waiting.reached(position);
    },
    rebuild: rebuildProjections(parts.database, fold, turns),
    onBatch: async (batch) => {
      const before = fold.progress.withheld;
      await turns(() => fold.persist(batch));
      waiting.reached(fold.progress.position);
      if (fold.progress.withheld > before) tell();
      if (batch.length < smallBatch) await delay(restMs);
    },
  };
}

/** Says what is withheld, one round after the other; nothing waits for it. */
function telling(parts: Parts<TrackerConfig>): () => void {
  const oneByOne = inTurn();
  return () => {
    oneByOne(() => tellWithheld(parts)).catch((error: unknown) =>
      parts.log.warn({ event: "withheld.untold", error: String(error) }, "it is said at the next start"),
    );
  };
}

const isStart = ({ epoch }: Position): boolean => epoch === 0;

const printProgress = ({
  progress: { position, events, withheld },
}: Fold): ReturnType<Tracker["progress"]> => ({
  ...(!isStart(position) && { position: printPosition(position) }),
  events,
  withheld,
});
