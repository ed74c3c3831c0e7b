import catalogueJson from "@jackfield/spec/catalogue.json" with { type: "json" };
import { z } from "zod";
import type { LogEntry } from "@jackfield/events/log-entry";
import { asProblem } from "@jackfield/problem/problem";
import { isOutage } from "@jackfield/postgres/outage";
import { readPosition } from "@jackfield/postgres/position";
import type { LogFold, Parts } from "@jackfield/service/define";
import { capabilityEntry } from "@jackfield/spec/event/contract";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import { catalogueOf, isOwn, type Catalogue } from "@jackfield/lifecycle/facts";
import { decide } from "@jackfield/lifecycle/decide";
import { evolve } from "@jackfield/lifecycle/evolve";
import type { Change, Entry, State } from "@jackfield/lifecycle/state";
import { AtWork } from "./at-work.ts";
import { ChangedRows } from "./changed-rows.ts";
import { decideClocks } from "./decide-clocks.ts";
import { followChange, takenBy } from "./follow.ts";
import { inTurn } from "@jackfield/service/in-turn";
import { LiveHandlers } from "./live-handlers.ts";
import { loadActive, loadOutbox } from "./load.ts";
import { Outbox } from "./outbox.ts";
import type { Surroundings } from "./prepare.ts";
import { ReadBack } from "./read-back.ts";
import { saveBatch, saveDecisions, type SavedPins } from "./save.ts";
import { schedule } from "./schedule.ts";
import type { Settings } from "./settings.ts";
import { WorkingSet } from "./working-set.ts";

/** A clock is looked at this often; one that is later than the lag was not looked at at all. */
const tickMs = 1_000;
const lagMs = 2_000;

/**
 * The active conductor: folds the stream, decides, gives out work, judges clocks. Everything that decides goes one after
 * the other; what was decided is written with what led to it, then published, and counts when it is read back.
 */
export class Conductor implements LogFold {
  readonly atWork = new AtWork();
  readonly live = new LiveHandlers();
  readonly readBack: ReadBack;
  readonly catalogue: Catalogue = catalogueOf(z.array(capabilityEntry).parse(catalogueJson));
  readonly parts: Parts<Settings>;
  readonly outbox: Outbox;
  /** Commands: each sees what the one before it led to. */
  readonly commands = inTurn();
  readonly activeSinceMs = performance.now();
  position: Position | undefined;
  readonly #working: WorkingSet;
  readonly #turns = inTurn();
  readonly #savedPins: SavedPins = new Map();
  readonly #unwatch: () => void;
  readonly #ticker: NodeJS.Timeout;
  #tickedMs = performance.now();
  #judging = false;
  #closed = false;
  readonly #broken = new AbortController();

  private constructor(
    parts: Parts<Settings>,
    working: WorkingSet,
    outbox: Outbox,
    position: Position | undefined,
  ) {
    this.parts = parts;
    this.#working = working;
    this.outbox = outbox;
    this.position = position;
    this.readBack = new ReadBack(position);
    this.#ticker = setInterval(() => void this.#tick(), tickMs).unref();
    this.#unwatch = parts.events.watch(({ type }) => {
      if (type === "reconnect") this.#renewAll();
    });
  }

  /** Takes up what the last activation left: active runs with their tasks, and decisions that were never read back. */
  static async open(parts: Parts<Settings>): Promise<Conductor> {
    const { pool, kysely } = parts.database;
    const position = await readPosition(kysely.withTables());
    const rows = await loadActive(pool);
    const outbox = new Outbox(parts.publisher, parts.log);
    const conductor = new Conductor(parts, new WorkingSet(pool, rows), outbox, position);
    for (const { table, row } of rows) {
      if (table === "runs" && "pinned" in row) conductor.#savedPins.set(row.id, row.pinned);
      if (table === "tasks") followChange(conductor, { table, key: "", row } as Change);
    }
    for (const event of outbox.restore(await loadOutbox(pool))) {
      const taken = takenBy(conductor, event);
      if (taken !== undefined) conductor.atWork.take(event.subject ?? "", taken);
    }
    return conductor;
  }

  /** Also what failed outside a batch ends this activation: on a quiet stream no batch may come for days. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  get state(): State {
    return this.#working.state;
  }

  /** Runs a pure question against the state; rows that it misses are loaded. */
  ask<T>(question: (state: State) => T): Promise<T> {
    return this.#turns(() => this.#working.complete(() => question(this.state)));
  }

  onBatch(batch: LogEntry[]): Promise<void> {
    return this.#turns(async () => {
      this.broken.throwIfAborted();
      try {
        await this.#fold(batch);
      } catch (error) {
        // Memory may be ahead of the database now; nothing goes on from it.
        this.#broken.abort(asProblem(error));
        throw error;
      }
    });
  }

  /** Decisions that no event led to: a clock, a slot, a handler that came or went. */
  decideNow(make: (now: string) => Promise<CloudEvent[]> | CloudEvent[] = () => []): Promise<void> {
    return this.#turns(async () => {
      if (this.broken.aborted || this.#closed) return;
      try {
        const now = new Date().toISOString();
        this.outbox.add(await make(now));
        this.outbox.add(await this.#schedule(now));
        const decided = this.outbox.unsaved();
        if (decided.length === 0) return;
        await saveDecisions(this.parts.database.pool, this.position, decided);
        this.outbox.publishSaved();
      } catch (error) {
        // While PostgreSQL is away decisions wait in memory; the next tick writes them.
        if (!isOutage(error)) this.#broken.abort(asProblem(error));
        this.parts.log.warn({ event: "decision.failed", error: String(error) }, "a decision was not written");
      }
    });
  }

  /** Gives out work soon: slots were freed without an event. */
  wake(afterMs = 0): void {
    setTimeout(() => void this.decideNow(), afterMs).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#unwatch();
    await this.#turns(async () => undefined);
  }

  async #fold(batch: LogEntry[]): Promise<void> {
    const to = batch.at(-1)?.position;
    if (to === undefined) return;
    const now = new Date().toISOString();
    const changed = new ChangedRows();
    const readBack: number[] = [];
    const entries = batch.flatMap(({ event, position }) =>
      event === undefined ? [] : [{ event, position }],
    );
    for (const [index, entry] of entries.entries()) {
      const n = isOwn(entry.event) ? this.outbox.readBack(entry.event) : undefined;
      if (n !== undefined) readBack.push(n);
      await this.#foldOne(entry, { ahead: entries.slice(index), changed, now });
    }
    this.#noteLag(batch);
    this.outbox.add(await this.#schedule(now));
    const { pool } = this.parts.database;
    const decided = this.outbox.unsaved();
    await saveBatch(pool, { from: this.position, to, changed, decided, readBack }, this.#savedPins);
    this.position = to;
    this.outbox.publishSaved();
    this.readBack.reached(to);
    this.#forget(changed);
  }

  async #foldOne(
    entry: Entry,
    { ahead, changed, now }: { ahead: Entry[]; changed: ChangedRows; now: string },
  ): Promise<void> {
    const { state, catalogue } = this;
    const changes = await this.#working.complete(
      () => evolve(state, entry, catalogue),
      () => ahead.forEach((one) => evolve(state, one, catalogue)),
    );
    for (const change of changes) {
      this.#working.apply(change);
      changed.add(change);
      followChange(this, change);
    }
    const context = { catalogue, now, decided: this.outbox.has };
    this.outbox.add(await this.#working.complete(() => decide(state, entry, context)));
  }

  #schedule(now: string): Promise<CloudEvent[]> {
    const desk = {
      working: this.#working,
      atWork: this.atWork,
      artifacts: () => this.parts.artifacts,
      decided: this.outbox.has,
    };
    return schedule(desk, this.surroundings(), now);
  }

  surroundings(): Surroundings {
    const nowMs = performance.now();
    const { state, live, catalogue } = this;
    const { limits } = this.parts.config;
    return { state, live, catalogue, limits, nowMs, activeMs: nowMs - this.activeSinceMs };
  }

  #forget(changed: ChangedRows): void {
    const keys = changed.of("runs").map(([key]) => key);
    this.#working.trim(keys);
    for (const key of keys) if (!this.#working.holds(key)) this.#savedPins.delete(key);
  }

  /** Whoever reads what happened a while ago could not hear anybody meanwhile. */
  #noteLag(batch: LogEntry[]): void {
    const last = batch.at(-1);
    if (last !== undefined && Date.now() - last.storedMs > lagMs) this.#renewAll();
  }

  #renewAll(): void {
    const nowMs = performance.now();
    this.atWork.renewAll(nowMs);
    this.live.hearAll(nowMs);
  }

  async #tick(): Promise<void> {
    const nowMs = performance.now();
    // A process that was stopped has heard nobody for that long.
    if (nowMs - this.#tickedMs > tickMs + lagMs) this.#renewAll();
    this.#tickedMs = nowMs;
    this.live.expire(nowMs);
    const idle = this.atWork.ready.size === 0 && this.outbox.unsaved().length === 0;
    if (this.#judging || (idle && decideClocks(this.atWork, this.surroundings(), "").length === 0)) return;
    this.#judging = true;
    await this.decideNow((now) => this.#judge(now, nowMs));
    this.#judging = false;
  }

  /** What a clock says counts only when everything that was said before it has been read: not after a long wait. */
  #judge(now: string, askedMs: number): CloudEvent[] {
    if (performance.now() - askedMs <= lagMs) return decideClocks(this.atWork, this.surroundings(), now);
    this.#renewAll();
    return [];
  }
}
