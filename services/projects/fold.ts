import type { LogEntry } from "@jackfield/events/log-entry";
import { movePosition, readPosition } from "@jackfield/postgres/position";
import type { LogFold } from "@jackfield/service/define";
import { inTurn } from "@jackfield/service/in-turn";
import { asProblem } from "@jackfield/problem/problem";
import { sourceOfService } from "@jackfield/spec/event/ids";
import { comparePositions, type Position } from "@jackfield/spec/event/position";
import { configApplied } from "@jackfield/spec/facts/config";
import { capabilitiesIn, keepCapabilities } from "./capabilities.ts";
import { keepVersions, type Db, type Tables, type Version } from "./versions.ts";

/** Tells those who published a fact when it was read back. */
export interface Readings {
  reached(position: Position): void;
  /** Resolves when the log was read up to here. */
  until(position: Position, signal: AbortSignal): Promise<void>;
}

export function createReadings(): Readings {
  let last: Position | undefined;
  const waiting = new Set<() => void>();
  return {
    reached: (position) => {
      last = position;
      for (const look of [...waiting]) look();
    },
    until: (position, signal) =>
      new Promise((resolve, reject) => {
        const settle = (how: () => void): void => {
          waiting.delete(look);
          signal.removeEventListener("abort", abort);
          how();
        };
        const look = (): void => {
          if (last !== undefined && comparePositions(last, position) >= 0) settle(resolve);
        };
        const abort = (): void => settle(() => reject(asProblem(signal.reason)));
        waiting.add(look);
        signal.addEventListener("abort", abort, { once: true });
        if (signal.aborted) abort();
        else look();
      }),
  };
}

/** Folds `config.applied` into the table of versions, and which capabilities there are; all else only moves the position. */
export async function foldVersions(db: Db, readings: Readings): Promise<LogFold> {
  const turns = inTurn();
  let position = await readPosition(db);
  if (position !== undefined) readings.reached(position);
  return {
    get position() {
      return position;
    },
    pass: async (entry, move) => {
      await move(position);
      position = entry.position;
      readings.reached(position);
    },
    onBatch: (batch) =>
      turns(async () => {
        const end = batch.at(-1)?.position;
        if (end === undefined) return;
        const versions = batch.flatMap(versionIn);
        const capabilities = capabilitiesIn(batch);
        await db.transaction().execute(async (tx) => {
          await movePosition(tx, position, end);
          await keepVersions(tx, versions);
          await keepCapabilities(tx, capabilities);
        });
        position = end;
        readings.reached(end);
      }),
    rebuild: {
      tables: { versions: "*", capabilities: "*" },
      besides: ["position"],
      foldOn: (shadow) => foldVersions(shadow.kysely.withTables<Tables>(), createReadings()),
      still: turns,
    },
  };
}

/** Only this service makes a project file true; a fact from elsewhere is kept by the tracker and means nothing here. */
function versionIn({ event, storedMs }: LogEntry): Version[] {
  if (event?.type !== configApplied.type || event.source !== sourceOfService("projects")) return [];
  const parsed = configApplied.data.safeParse(event.data);
  if (!parsed.success) return [];
  const { version, digest, applied, origins, by, reason } = parsed.data;
  const kept = { project: applied.project, version, digest, applied, origins: origins ?? {} };
  return [{ ...kept, by: by ?? null, reason: reason ?? null, at: new Date(storedMs) }];
}
