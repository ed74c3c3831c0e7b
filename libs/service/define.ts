import type { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Events } from "@jackfield/events/connection";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { ReadLogOptions } from "@jackfield/events/log-reader";
import type { Publisher } from "@jackfield/events/publish";
import type { Database } from "@jackfield/postgres/database";
import type { Position } from "@jackfield/spec/event/position";
import type { Answer } from "./answer.ts";
import type { Health } from "./health.ts";
import type { Log } from "./log.ts";
import type { Handler } from "./on.ts";
import type { Rebuildable } from "./rebuild.ts";

/** What a service is given; every connection is its own, also when services share a process. */
export interface Parts<Config = unknown> {
  config: Config;
  events: Events;
  publisher: Publisher;
  /** The service's own schema. @throws when the service declared no migrations. */
  readonly database: Database;
  /** @throws Problem E_CONFIG when no artifact store is configured. */
  readonly artifacts: Artifacts;
  log: Log;
  /** Is everything in this process alive? */
  health: Health;
  /** Aborted when the service stops. */
  signal: AbortSignal;
}

/** The state that a log reader folds, built anew each time this process becomes the active one. */
export interface LogFold {
  /** The last position that was folded; reading goes on after it. */
  readonly position: Position | undefined;
  /**
   * Folds events in stream order. Position and state move in one transaction, or neither does; and when it fails for what
   * the events say, memory is as it was before.
   */
  onBatch(batch: LogEntry[]): Promise<void>;
  /** Lets `move` move the position in the database, past an entry that is parked, and goes on behind it. */
  pass(parked: LogEntry, move: (from: Position | undefined) => Promise<void>): Promise<void>;
  /** Fires when this state cannot go on though no batch failed; its reason says why. Then everything begins anew. */
  broken?: AbortSignal;
  close?(): Promise<void>;
  /** How this state is made anew from the log. */
  rebuild?: Rebuildable;
  /** Of one who publishes what it decides: what was not read back went with a stream that is made anew, so it begins anew. */
  decides?: boolean;
  /** Of the one who keeps the log. Everybody else reads there what the stream does not hold. */
  keeper?: Required<Pick<ReadLogOptions, "onGap" | "onNoStream" | "onBehind">>;
}

/** Something that lives as long as the service: an HTTP door. */
export interface Door {
  ready(): boolean;
  close(): Promise<void>;
}

export interface ServiceParts<Config, State> {
  name: string;
  /** Settings of its own, by the names of their variables. */
  config?: z.ZodType<Config>;
  /** A folder of numbered SQL files: the service owns a schema of its name. */
  migrations?: URL;
  /** What reads, answers and handlers share; made once per activation. */
  state?: (parts: Parts<Config>) => Promise<State> | State;
  /** Folds the stream; of several processes one is active, the others stand by. */
  reads?: (state: State, parts: Parts<Config>) => Promise<LogFold> | LogFold;
  /** Answers questions: while it is active, or at once where it has no state; there every instance is asked. */
  answers?: (state: State, parts: Parts<Config>) => Answer[];
  /** Answers capabilities. */
  handlers?: (parts: Parts<Config>) => Handler[];
  /** Its name and workers as a handler, when they are not the service's name and two. */
  handler?: { name?: string; concurrency?: number };
  doors?: (parts: Parts<Config>) => Promise<Door>;
}

/** A service is a value: the launcher, a process of its own and a container start the same one. */
export interface Service {
  name: string;
  stateful: boolean;
  migrations: URL | undefined;
  /** Typed inside, opaque outside: only `startService` looks in. */
  parts: ServiceParts<unknown, unknown>;
}

export function defineService<Config = unknown, State = undefined>(
  parts: ServiceParts<Config, State>,
): Service {
  return {
    name: parts.name,
    stateful: parts.migrations !== undefined,
    migrations: parts.migrations,
    // The pairing of state and its users was checked above; outside they are opaque.
    parts: parts as ServiceParts<unknown, unknown>,
  };
}
