import { AtWork } from "@jackfield/conductor/at-work";
import { deskKey, ownerOf, takenBy } from "@jackfield/conductor/follow";
import { LiveHandlers } from "@jackfield/conductor/live-handlers";
import type { Surroundings } from "@jackfield/conductor/prepare";
import { askKey, type Ask } from "@jackfield/lifecycle/asks";
import type { Change, Rows } from "@jackfield/lifecycle/state";
import { applyChange } from "@jackfield/lifecycle/fold-log";
import type { Task } from "@jackfield/lifecycle/tasks";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Agenda } from "./agenda.ts";
import { catalogue } from "./plant.ts";
import type { Database } from "./database.ts";
import { Outbox } from "./outbox.ts";
import { isGiven } from "./given.ts";

interface Surface {
  agenda: Agenda;
  publish: (event: CloudEvent, onStored: () => void) => void;
}

/** What one activation of a conductor holds in memory, begun from the database. */
export class Desk {
  readonly rows: Rows;
  readonly atWork = new AtWork();
  readonly live = new LiveHandlers();
  readonly outbox: Outbox;
  /** Who was given work, and the stream has not shown it yet. */
  readonly onTheirWay = new Map<string, CloudEvent>();
  position: number;
  /** Memory may be ahead of the database: this is where it is. */
  folded: number;
  readonly activeSinceMs: number;
  readonly activation: number;
  readonly #agenda: Agenda;

  constructor({ agenda, publish }: Surface, database: Database) {
    this.#agenda = agenda;
    this.activeSinceMs = agenda.nowMs;
    this.activation = database.takeOver();
    this.rows = database.load();
    this.position = database.position;
    this.folded = database.position;
    for (const [key, row] of this.rows.tasks) this.#followRow(key, row);
    for (const [key, row] of this.rows.asks) this.#followRow(key, row);
    this.outbox = new Outbox(publish);
    for (const event of this.outbox.restore(database.outbox)) {
      this.decide([event]);
      const taken = takenBy({ state: this.rows }, event);
      if (taken !== undefined) this.atWork.take(deskKey({ state: this.rows }, event), taken);
    }
  }

  get nowMs(): number {
    return this.#agenda.nowMs;
  }

  /** Notes what was decided. */
  decide(events: readonly CloudEvent[]): void {
    for (const event of events) if (isGiven(event)) this.onTheirWay.set(event.id, event);
  }

  /** One of our own events was read back. */
  readBack(event: CloudEvent): number | undefined {
    this.onTheirWay.delete(event.id);
    return this.outbox.readBack(event);
  }

  decided = (id: string): boolean => this.outbox.has(id);

  apply(change: Change): void {
    applyChange(this.rows, change);
    if (change.table === "cache") this.atWork.askAgain(change.row.key);
    if (change.table === "tasks") this.#followRow(change.key, change.row);
    if (change.table === "asks") this.#followRow(askKey(change.row.id, change.row.handler), change.row);
  }

  surroundings(): Pick<Surroundings, "state" | "live" | "catalogue" | "activeMs" | "nowMs"> {
    const { nowMs, live, rows: state } = this;
    return { state, live, catalogue, nowMs, activeMs: nowMs - this.activeSinceMs };
  }

  /** Nobody could be heard for a while: every open attempt gets its full time again. */
  renewAll(): void {
    this.atWork.renewAll(this.nowMs);
    this.live.hearAll(this.nowMs);
  }

  #followRow(key: string, row: Task | Ask): void {
    this.atWork.follow(key, row, this.nowMs, () => ownerOf({ state: this.rows }, row));
  }
}
