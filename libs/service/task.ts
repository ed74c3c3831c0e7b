import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Descriptor, Table } from "@jackfield/spec/event/artifact";
import type { ProgressedData } from "@jackfield/spec/event/task";
import type { Row } from "@jackfield/tables/duck";
import type { Log } from "./log.ts";
import type { Assignment } from "./answer-events.ts";
import type { Trace } from "./telemetry.ts";

export type { Row };

/** What a handler's function gets beside its input. */
export interface Task {
  id: string;
  run: string;
  runname: string | undefined;
  project: string;
  subproject: string | undefined;
  stage: string | undefined;
  capability: string;
  attempt: number;
  role: "primary" | "shadow";
  /** Work that goes on after this is finished for it; wall clock of this machine. */
  deadline: Date;
  /** Fires when the work must stop: aborted, pruned, superseded, or a shutdown. Its reason says which. */
  signal: AbortSignal;
  trace: Trace;
  artifacts: Artifacts;
  log: Log;
  /** Reads a table into rows. */
  table(reference: Table): Promise<Row[]>;
  /** Stores rows as a table; each row needs `__row_id`. */
  storeTable(rows: Row[]): Promise<Table>;
  /** Stores bytes under a name. Resolves when they are safe, so an event may refer to them. */
  store(name: string, bytes: Uint8Array, mediaType?: string): Promise<Descriptor>;
  /** Tells people how far it is: fraction 0..1, a line, numbers, and whatever else the tool says (`step`, its own keys). */
  progress(
    fraction: number | undefined,
    message?: string,
    metrics?: Record<string, number>,
    more?: Record<string, unknown>,
  ): Promise<void>;
}

export interface TaskParts {
  assignment: Assignment;
  artifacts: Artifacts;
  /** Made when it is first written to: most work writes nothing. */
  log: () => Log;
  signal: AbortSignal;
  deadline: Date;
  trace: Trace;
  capability: string;
  say(data: ProgressedData): Promise<void>;
}

/** The task as a handler's function sees it. */
export function openTask(parts: TaskParts): Task {
  const { triggered, task, attempt } = parts.assignment;
  let log: Log | undefined;
  return {
    id: task,
    run: triggered.run ?? "",
    runname: triggered.runname,
    project: triggered.project ?? "",
    subproject: triggered.subproject,
    stage: triggered.stage,
    capability: parts.capability,
    attempt,
    role: triggered.role ?? "primary",
    deadline: parts.deadline,
    signal: parts.signal,
    trace: parts.trace,
    artifacts: parts.artifacts,
    get log() {
      return (log ??= parts.log());
    },
    table: async (reference) => (await tables()).readTable(parts.artifacts, reference),
    storeTable: async (rows) => (await tables()).storeRows(parts.artifacts, rows),
    store: async (name, bytes, mediaType = "application/octet-stream") => ({
      ...(await parts.artifacts.put(bytes, { mediaType })),
      name,
    }),
    progress: (fraction, message, metrics, more) =>
      parts.say({
        ...more,
        ...(fraction !== undefined && { fraction }),
        ...(message !== undefined && { message }),
        ...(metrics !== undefined && { metrics }),
      }),
  };
}

// DuckDB takes 50 MB; it is loaded when a handler first touches a table.
const tables = () => import("./task-tables.ts");
