import type { Rows } from "@jackfield/lifecycle/state";
import type { Lists } from "@jackfield/lifecycle/story-foreach";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Agenda } from "./agenda.ts";
import type { Database } from "./database.ts";
import type { Desk } from "./desk.ts";
import type { BrokenRule } from "./faults.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Stream } from "./stream.ts";
import type { Tracker } from "./tracker.ts";
import type { Truth } from "./truth.ts";
import type { Connection, Net } from "./wire.ts";

/** A conductor, as the others meet it. */
export interface Conducts extends Process {
  readonly connection: Connection;
  /** What it holds while it believes to be active. */
  readonly desk: Desk | undefined;
  /** The fact of a command: published when the state allows it. */
  say(make: (rows: Rows, now: string) => CloudEvent | undefined): void;
  decideNow(make?: (desk: Desk, now: string) => CloudEvent[]): void;
  readToTheEnd(then: () => void, late?: () => void): void;
}

/** What the processes of one world share. */
export interface Scene {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly stream: Stream;
  readonly net: Net;
  readonly broken: BrokenRule | undefined;
  readonly database: Database;
  /** The artifacts that hold lists. */
  readonly lists: Lists;
  readonly lock: { holder: Conducts | undefined; beatMs: number };
  readonly truth: Truth;
  readonly tracker: Tracker;
  /** What publishers were told is in the stream. */
  readonly acknowledged: [sequence: number, messageId: string][];
  /** The faults stop after this time. */
  readonly faultsMs: number;
  readonly conductors: readonly Conducts[];
  now(): string;
  /** What a publisher may rely on from the answer on. */
  acknowledge(event: CloudEvent, secret: string): (sequence: number) => void;
}
