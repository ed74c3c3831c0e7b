import catalogueJson from "@jackfield/spec/catalogue.json" with { type: "json" };
import { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { catalogueIn } from "@jackfield/lifecycle/capabilities";
import { catalogueOf, type Catalogue } from "@jackfield/lifecycle/facts";
import type { Change, State } from "@jackfield/lifecycle/state";
import type { Parts } from "@jackfield/service/define";
import { capabilityEntry } from "@jackfield/spec/event/contract";
import type { Position } from "@jackfield/spec/event/position";
import { AtWork } from "./at-work.ts";
import { deskKey, followChange, takenBy } from "./follow.ts";
import { Joins } from "./join.ts";
import { Lists } from "./lists.ts";
import { LiveHandlers } from "./live-handlers.ts";
import { loadActive, loadOutbox } from "./load.ts";
import { Outbox } from "./outbox.ts";
import type { Surroundings } from "./prepare.ts";
import { ReadBack } from "./read-back.ts";
import { takeOver, type SavedPins, type Standing } from "./save.ts";
import type { Settings } from "./settings.ts";
import { Unfolding } from "./unfold.ts";
import { WorkingSet } from "./working-set.ts";

/** The contracts that files of ours hold. */
export const builtIn: Catalogue = catalogueOf(z.array(capabilityEntry).parse(catalogueJson));

/** A storm of retries would else be a look at everything that rests for each of them. */
const togetherMs = 20;

/** Everything that one activation holds in memory. It begins from the database, and is thrown away when anything fails. */
export class Desk {
  readonly parts: Parts<Settings>;
  /** Every contract in force. */
  readonly catalogue: Catalogue;
  readonly working: WorkingSet;
  readonly outbox: Outbox;
  readonly atWork = new AtWork();
  readonly lists = new Lists(
    () => this.parts.artifacts,
    () => this.wake(),
  );
  readonly unfolding = new Unfolding(this.atWork, this.lists);
  readonly joins = new Joins(this);
  /** Who was heard, and who waits for a position: also another desk of this activation goes on with these. */
  readonly live: LiveHandlers;
  readonly savedPins: SavedPins = new Map();
  readonly readBack: ReadBack;
  /** The last position that was folded and written. */
  position: Position;
  readonly #activation: number;
  readonly #activeSinceMs: number;
  readonly #onWake: () => void;
  /** Moments for which it is set already. */
  readonly #wakes = new Set<number>();

  private constructor(
    parts: Parts<Settings>,
    working: WorkingSet,
    {
      standing: { position, activation },
      onWake,
      before,
    }: { standing: Standing; onWake: () => void; before?: Desk | undefined },
  ) {
    this.parts = parts;
    this.working = working;
    this.catalogue = catalogueIn(working.state, builtIn);
    this.position = position;
    this.#activation = activation;
    this.live = before?.live ?? new LiveHandlers();
    this.readBack = before?.readBack ?? new ReadBack(position);
    this.#activeSinceMs = before === undefined ? performance.now() : before.#activeSinceMs;
    this.outbox = new Outbox(parts, () => this.wake());
    this.#onWake = onWake;
  }

  /**
   * Takes up what the last activation left: active runs with their tasks, and decisions that were never read back.
   * `onWake` is called, never at once, when there may be work to give out without an event. `before` is the desk of this
   * activation that was spoilt by what could not be folded.
   */
  static async open(parts: Parts<Settings>, onWake: () => void, before?: Desk): Promise<Desk> {
    const { pool } = parts.database;
    const standing = await takeOver(pool);
    const rows = await loadActive(pool);
    const decided = await loadOutbox(pool);
    const desk = new Desk(parts, new WorkingSet(pool, rows), { standing, onWake, before });
    for (const { table, row } of rows) {
      if (table === "runs" && "pinned" in row) desk.savedPins.set(row.id, row.pinned);
      if (table === "tasks" || table === "asks") followChange(desk, { table, key: "", row } as Change);
    }
    for (const event of desk.outbox.restore(decided)) {
      const taken = takenBy(desk, event);
      if (taken === undefined) continue;
      const key = await desk.working.complete(() => deskKey(desk, event));
      desk.atWork.take(key, taken);
    }
    if (desk.unfolding.complete().length > 0) desk.wake();
    return desk;
  }

  get state(): State {
    return this.working.state;
  }

  get standing(): Standing {
    return { position: this.position, activation: this.#activation };
  }

  /** Work is given out soon: slots were freed, or a task has rested. Many that have rested at once are one reason. */
  wake(afterMs = 0): void {
    const nowMs = performance.now();
    const moment = afterMs === 0 ? 0 : Math.ceil((nowMs + afterMs) / togetherMs);
    if (this.#wakes.has(moment)) return;
    this.#wakes.add(moment);
    const wake = (): void => {
      this.#wakes.delete(moment);
      this.#onWake();
    };
    setTimeout(wake, Math.max(0, moment * togetherMs - nowMs)).unref();
  }

  /** Was this decided already, and not read back yet? */
  decided = (id: string): boolean => this.outbox.has(id);

  artifacts = (): Artifacts => this.parts.artifacts;

  surroundings(): Surroundings {
    const nowMs = performance.now();
    const { state, live, catalogue, lists } = this;
    const { limits } = this.parts.config;
    return { state, live, catalogue, lists, limits, nowMs, activeMs: nowMs - this.#activeSinceMs };
  }

  /** Nobody could be heard for a while: every open attempt gets its full time again. */
  renewAll(): void {
    const nowMs = performance.now();
    this.atWork.renewAll(nowMs);
    this.live.hearAll(nowMs);
  }
}
