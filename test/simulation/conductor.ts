import { ChangedRows } from "@jackfield/conductor/changed-rows";
import { decideClocks } from "@jackfield/conductor/decide-clocks";
import { decide } from "@jackfield/lifecycle/decide";
import { evolve } from "@jackfield/lifecycle/evolve";
import { isOwn } from "@jackfield/lifecycle/facts";
import type { Rows } from "@jackfield/lifecycle/state";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Commit } from "./database.ts";
import { Desk } from "./desk.ts";
import { compareFolds } from "./judge.ts";
import { catalogue } from "./plant.ts";
import { Process } from "./process.ts";
import { schedule } from "./schedule.ts";
import { Connection } from "./wire.ts";
import type { Scene } from "./scene.ts";

const tickMs = 1_000;
const lagMs = 2_000;
/** A holder that was not heard for so long is taken for dead. */
const lockMs = 5_000;

/**
 * A conductor process: the pure core, and the rules of its shell. What a batch led to is committed with the position, or
 * not at all; decisions are published after that; who finds the position moved by another begins anew.
 */
export class Conductor extends Process {
  readonly connection: Connection;
  desk: Desk | undefined;
  readonly #world: Scene;
  #isBusy = false;
  #turns: (() => void)[] = [];
  #tickedMs: number;
  readonly #waiting = new Set<{ until: number; then: () => void }>();

  constructor(world: Scene, name: string) {
    super(world.agenda, name);
    this.#world = world;
    this.connection = new Connection(this, world.net, () => {
      if (this.desk !== undefined) this.#renewAll(this.desk);
    });
    this.#tickedMs = this.agenda.nowMs;
    this.after(0, () => this.#tick());
  }

  /** The stream has something new. */
  noticed(): void {
    if (this.desk !== undefined && this.#turns.length === 0) this.#turn(() => this.#fold());
  }

  /** The fact of a command: published when the state allows it. */
  say(make: (rows: Rows, now: string) => CloudEvent | undefined): void {
    const event = this.desk === undefined ? undefined : make(this.desk.rows, this.#world.now());
    if (event !== undefined) this.connection.publish(event);
  }

  now(): string {
    return this.#world.now();
  }

  /** Waits until everything that is in the stream now was read, or it takes too long. */
  readToTheEnd(then: () => void, late: () => void = () => undefined): void {
    const waiting = { until: this.#world.stream.end, then };
    this.#waiting.add(waiting);
    this.after(lagMs, () => {
      if (this.#waiting.delete(waiting)) late();
    });
    this.#reached();
  }

  /** Decisions that no event led to, and what can be given out without one. */
  decideNow(make: (desk: Desk, now: string) => CloudEvent[] = () => []): void {
    this.#turn(() => this.#decide(make));
  }

  #tick(): void {
    const { nowMs } = this.agenda;
    this.after(tickMs, () => this.#tick());
    if (this.desk === undefined) this.#takeOver();
    else {
      const { lock } = this.#world;
      if (lock.holder === this) lock.beatMs = nowMs;
      // A process that was stopped has heard nobody for that long.
      if (nowMs - this.#tickedMs > tickMs + lagMs) this.#renewAll(this.desk);
      this.desk.live.expire(nowMs);
      this.#lookAtClocks(this.desk);
      this.noticed();
    }
    this.#tickedMs = nowMs;
  }

  /** What a clock says counts only when everything that was said before it has been read. */
  #lookAtClocks(desk: Desk): void {
    if (decideClocks(desk.atWork, desk.surroundings(), this.now()).length === 0) {
      this.decideNow();
      return;
    }
    const judge = (): void => {
      const askedMs = desk.nowMs;
      this.decideNow((later, now) => this.#judge(later, now, askedMs));
    };
    this.readToTheEnd(judge, () => this.#renewAll(desk));
  }

  /** Not after a long wait for its turn either. */
  #judge(desk: Desk, now: string, askedMs: number): CloudEvent[] {
    if (this.agenda.nowMs - askedMs <= lagMs) return decideClocks(desk.atWork, desk.surroundings(), now);
    this.#renewAll(desk);
    return [];
  }

  #renewAll(desk: Desk): void {
    if (this.#world.broken !== "no-renewal") desk.renewAll();
  }

  #takeOver(): void {
    const { lock, database } = this.#world;
    const isFree =
      lock.holder === undefined || !lock.holder.isAlive || this.agenda.nowMs - lock.beatMs > lockMs;
    if (!isFree || database.isAway) return;
    lock.holder = this;
    lock.beatMs = this.agenda.nowMs;
    compareFolds(this.#world);
    this.desk = new Desk(
      { agenda: this.agenda, publish: (event, onStored) => this.connection.publish(event, onStored) },
      database,
    );
    this.decideNow();
    this.noticed();
  }

  #stepDown(): void {
    this.desk = undefined;
    this.#isBusy = false;
    this.#turns = [];
    this.#waiting.clear();
    if (this.#world.lock.holder === this) this.#world.lock.holder = undefined;
  }

  /** One after the other. */
  #turn(job: () => void): void {
    if (this.desk === undefined) return;
    this.#turns.push(job);
    if (!this.#isBusy) this.#nextTurn();
  }

  #nextTurn(): void {
    this.#isBusy = false;
    const job = this.#turns.shift();
    if (job === undefined) return;
    this.#isBusy = true;
    job();
  }

  #fold(): void {
    const { desk } = this;
    const { stream, random, net } = this.#world;
    if (desk === undefined) return;
    const inOrder = stream.after(desk.position, random.between(1, net.faults.batch));
    const last = inOrder.at(-1);
    if (last === undefined) {
      this.#nextTurn();
      return;
    }
    // A durable consumer delivers again what was not acknowledged, behind what came after it.
    const batch = this.#world.broken === "durable-order" && random.chance(0.6) ? inOrder.reverse() : inOrder;
    const now = this.#world.now();
    const changed = new ChangedRows();
    const readBack: number[] = [];
    for (const { entry } of batch) {
      if (entry.refused !== undefined) continue;
      const n = isOwn(entry.event) ? desk.readBack(entry.event) : undefined;
      if (n !== undefined) readBack.push(n);
      const changes = evolve(desk.rows, entry, catalogue);
      for (const change of changes) {
        desk.apply(change);
        changed.add(change);
      }
      desk.folded = entry.position.sequence;
      this.#add(desk, decide(desk.rows, entry, { catalogue, now, changes, decided: desk.decided }));
    }
    desk.folded = last.sequence;
    this.#schedule(desk, now);
    this.#commit(desk, { from: desk.position, to: last.sequence, changed, readBack });
  }

  #decide(make: (desk: Desk, now: string) => CloudEvent[]): void {
    const { desk } = this;
    if (desk === undefined) return;
    const now = this.#world.now();
    this.#add(desk, make(desk, now));
    this.#schedule(desk, now);
    if (desk.outbox.unsaved().length === 0) {
      this.#nextTurn();
      return;
    }
    this.#commit(desk, { from: desk.position, to: desk.position, changed: new ChangedRows(), readBack: [] });
  }

  #schedule(desk: Desk, now: string): void {
    const decided = this.#add(desk, schedule(desk, { lists: this.#world.lists, now }));
    this.#world.truth.gaveOut(desk, decided);
  }

  #add(desk: Desk, events: CloudEvent[]): CloudEvent[] {
    const added = desk.outbox.add(events);
    desk.decide(added);
    this.#world.truth.decided(desk, added);
    return added;
  }

  /** The statement is on its way: it may be carried out although its sender dies, and nobody hears of it. */
  #commit(desk: Desk, batch: Omit<Commit, "activation" | "decided">): void {
    const { random, database } = this.#world;
    const { activation } = desk;
    const decided = desk.outbox.unsaved();
    this.agenda.after(random.between(0, 20), () => {
      if (!this.isAlive && random.chance(0.5)) return;
      const isWritten = !database.isAway && database.commit({ ...batch, activation, decided });
      this.after(random.between(0, 5), () => {
        if (this.desk !== desk) return;
        if (!isWritten) {
          this.#stepDown();
          return;
        }
        desk.position = batch.to;
        desk.outbox.publishSaved();
        this.#reached();
        this.#nextTurn();
        this.noticed();
      });
    });
  }

  #reached(): void {
    const position = this.desk?.position ?? 0;
    for (const waiting of this.#waiting) {
      if (position < waiting.until) continue;
      this.#waiting.delete(waiting);
      waiting.then();
    }
  }
}
