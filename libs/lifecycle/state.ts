import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";
import type { Result } from "@jackfield/spec/event/outcome";
import type { Position } from "@jackfield/spec/event/position";
import type { Descriptor } from "@jackfield/spec/event/artifact";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import type { CodeVersion } from "@jackfield/spec/project/code";
import type { Ask } from "./asks.ts";
import type { Run } from "./runs.ts";
import type { CacheParts, Task } from "./tasks.ts";

/** One event of the log, at its place. */
export interface Entry {
  event: CloudEvent;
  position: Position;
}

/** Everything that was folded from the stream, a row a thing. Rows are never changed, only replaced. */
export interface Tables {
  projects: Project;
  handlers: KnownHandler;
  bindings: Binding;
  capabilities: PublishedCapability;
  runs: Run;
  tasks: Task;
  asks: Ask;
  cache: CacheEntry;
  names: NameCount;
  seeds: LastSeed;
  facts: PublishedFact;
  checks: Check;
}

/** All rows in memory, a map a table. */
export type Rows = { [Name in keyof Tables]: Map<string, Tables[Name]> };

export const noRows = (): Rows => ({
  projects: new Map(),
  handlers: new Map(),
  bindings: new Map(),
  capabilities: new Map(),
  runs: new Map(),
  tasks: new Map(),
  asks: new Map(),
  cache: new Map(),
  names: new Map(),
  seeds: new Map(),
  facts: new Map(),
  checks: new Map(),
});

/** Rows by key. A shell that does not hold all rows in memory throws NotLoaded; the pure step is then repeated. */
export interface Table<Row> {
  get(key: string): Row | undefined;
}

/** A table whose rows are in memory: all of them, of asks at least the unfinished. */
export interface HeldTable<Row> extends Table<Row> {
  values(): Iterable<Row>;
}

type Held = "projects" | "handlers" | "bindings" | "capabilities" | "asks";
export type State = {
  readonly [Name in keyof Tables]: Name extends Held ? HeldTable<Tables[Name]> : Table<Tables[Name]>;
};

/** A row that an event made or replaced. */
export type Change = {
  [Name in keyof Tables]: { table: Name; key: string; row: Tables[Name] };
}[keyof Tables];

/** A row is needed that the shell has not loaded yet. */
export class NotLoaded extends Error {
  readonly table: keyof Tables;
  readonly key: string;
  constructor(table: keyof Tables, key: string) {
    super(`${table} ${key} is not loaded`);
    this.name = "NotLoaded";
    this.table = table;
    this.key = key;
  }
}

export interface Project {
  version: number;
  applied: AppliedProject;
}

/** A handler as the stream knows it; whether it is alive now is the shell's knowledge. */
export interface KnownHandler {
  key: string;
  description: HandlerDescription;
  lost: boolean;
  /** Counts what was said about it, so that each registration has an id of its own. */
  changes: number;
  since: string | undefined;
}

/** Where a lead is plugged, and who listens in; `null`: as a wider scope says. */
export interface Lead {
  handler: string | null;
  shadows: string[] | null;
  /** When it ends by itself. */
  until?: string | undefined;
}

/** What stands in one scope for one capability, by `bind`; the project file is not in here. */
export interface Binding extends Lead {
  key: string;
  organization: string;
  project: string | undefined;
  subproject: string | undefined;
  capability: string;
  /** What stood here before, newest last; undo takes from it. */
  earlier: Lead[];
  version: number;
  by: string | undefined;
  reason?: string | undefined;
  since: string | undefined;
}

/** A contract that no file of ours holds, in the version in force. */
export interface PublishedCapability {
  entry: CapabilityEntry;
  by: string | undefined;
  since: string | undefined;
}

export interface CacheEntry {
  project: string;
  subproject: string | undefined;
  capability: string;
  key: string;
  run: string;
  runname: string;
  task: string;
  result: Result;
  message: string | undefined;
  outputs: Record<string, unknown>;
  logs: Descriptor[];
  parts: CacheParts;
  position: Position;
}

/** How many runs of one name there were, and what the newest of them was given. */
export interface NameCount {
  count: number;
  last?: { files: Record<string, Descriptor>; from?: string; code?: CodeVersion };
}

export interface LastSeed {
  seed: number;
}

/** A fact about something that outlives a run is said once. */
export interface PublishedFact {
  event: string;
}

/** Which triggers an event met, and the first clause of each that said no. What comes again under its key means nothing. */
export interface Check {
  event: string;
  type: string;
  position: Position;
  fired: { workflow: string; subproject?: string; run: string }[];
  refused: { trigger: string; clause: string }[];
}
