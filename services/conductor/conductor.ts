import type { LogEntry } from "@jackfield/events/log-entry";
import type { Catalogue } from "@jackfield/lifecycle/facts";
import type { State } from "@jackfield/lifecycle/state";
import { isOutage } from "@jackfield/postgres/outage";
import { asProblem } from "@jackfield/problem/problem";
import type { LogFold, Parts } from "@jackfield/service/define";
import { inTurn } from "@jackfield/service/in-turn";
import type { Rebuildable } from "@jackfield/service/rebuild";
import { isTrouble } from "@jackfield/service/trouble";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import { Clocks } from "./clocks.ts";
import { builtIn, Desk } from "./desk.ts";
import { foldBatch, passParked } from "./fold-batch.ts";
import type { LiveHandlers } from "./live-handlers.ts";
import type { AtWork } from "./at-work.ts";
import type { Outbox } from "./outbox.ts";
import type { ReadBack } from "./read-back.ts";
import { rebuildRows } from "./rebuild.ts";
import { saveDecisions } from "./save.ts";
import { schedule } from "./schedule.ts";
import type { Settings } from "./settings.ts";

type Make = (now: string) => Promise<CloudEvent[]> | CloudEvent[];

/**
 * The active conductor: folds the stream, decides, gives out work, judges clocks. Everything that decides goes one after
 * the other; what was decided is written with what led to it, then published, and counts when it is read back.
 */
export class Conductor implements LogFold {
  readonly decides = true;
  /** Commands: each sees what the one before it led to. */
  readonly commands = inTurn();
  #desk: Desk;
  readonly #turns = inTurn();
  readonly #clocks: Clocks;
  readonly #unwatch: () => void;
  readonly #broken = new AbortController();
  #closed = false;

  private constructor(desk: Desk) {
    this.#desk = desk;
    this.#clocks = new Clocks(
      () => this.#desk,
      (make) => this.decideNow(make),
    );
    this.#unwatch = desk.parts.events.watch(({ type }) => {
      if (type === "reconnect") this.#desk.renewAll();
    });
  }

  static async open(parts: Parts<Settings>): Promise<Conductor> {
    const conductor: Conductor = new Conductor(await Desk.open(parts, () => void conductor.decideNow()));
    return conductor;
  }

  /** Undefined before the first event: then reading begins wherever the log does. */
  get position(): Position | undefined {
    const { position } = this.#desk;
    return position.sequence === 0 ? undefined : position;
  }

  /** Also what failed outside a batch ends this activation: on a quiet stream no batch may come for days. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  get state(): State {
    return this.#desk.state;
  }
  get parts(): Parts<Settings> {
    return this.#desk.parts;
  }
  get catalogue(): Catalogue {
    return this.#desk.catalogue;
  }
  get live(): LiveHandlers {
    return this.#desk.live;
  }
  get atWork(): AtWork {
    return this.#desk.atWork;
  }
  get outbox(): Outbox {
    return this.#desk.outbox;
  }
  get readBack(): ReadBack {
    return this.#desk.readBack;
  }

  /** Runs a pure question against the state; rows that it misses are loaded. */
  ask<T>(question: (state: State) => T): Promise<T> {
    return this.#turns(() => this.#desk.working.complete(() => question(this.state)));
  }

  onBatch(batch: LogEntry[]): Promise<void> {
    return this.#turns(async () => {
      this.broken.throwIfAborted();
      try {
        await foldBatch(this.#desk, batch);
      } catch (error) {
        await this.#recover(error);
        throw error;
      }
    });
  }

  pass(parked: LogEntry, move: (from: Position | undefined) => Promise<void>): Promise<void> {
    return this.#turns(async () => {
      await move(this.#desk.position);
      await passParked(this.#desk, parked);
    });
  }

  get rebuild(): Rebuildable {
    return rebuildRows(builtIn, (work) =>
      this.#turns(async () => {
        await work();
        await this.#takeUp().catch((error: unknown) => this.#broken.abort(asProblem(error)));
      }),
    );
  }

  /** Decisions that no event led to: a clock, a slot, a handler that came or went. */
  decideNow(make?: Make): Promise<void> {
    return this.#turns(async () => {
      if (this.broken.aborted || this.#closed) return;
      try {
        await this.#decide(make);
      } catch (error) {
        // While PostgreSQL is away decisions wait in memory; the next tick writes them.
        if (!isOutage(error)) this.#broken.abort(asProblem(error));
        this.parts.log.warn({ event: "decision.failed", error: String(error) }, "a decision was not written");
      }
    });
  }

  async #decide(make: Make = () => []): Promise<void> {
    const { outbox, parts } = this.#desk;
    const now = new Date().toISOString();
    outbox.add(await make(now));
    outbox.add(await schedule(this.#desk, now));
    this.#desk.joins.begin();
    const decided = outbox.unsaved();
    if (decided.length === 0) return;
    await saveDecisions(parts.database.pool, this.#desk.standing, decided);
    outbox.publishSaved();
  }

  /**
   * After a batch that failed memory may be ahead of the database. It begins anew from there, and must come to its
   * decisions without the batch: what fails then is the fault of no event, and ends this activation, as an outage does.
   */
  async #recover(failure: unknown): Promise<void> {
    try {
      if (isTrouble(failure)) throw failure;
      await this.#takeUp();
      await this.#decide();
    } catch (error) {
      this.#broken.abort(asProblem(error));
    }
  }

  async #takeUp(): Promise<void> {
    this.#desk = await Desk.open(this.parts, () => void this.decideNow(), this.#desk);
  }

  /** Gives out work soon: slots were freed without an event. */
  wake(afterMs = 0): void {
    this.#desk.wake(afterMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clocks.stop();
    this.#unwatch();
    await this.#turns(async () => undefined);
  }
}
