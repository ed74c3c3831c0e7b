import { setTimeout as delay } from "node:timers/promises";
import { askLease } from "@jackfield/service/lease";
import type { Assignment } from "@jackfield/service/answer-events";
import type { Limits } from "@jackfield/spec/event/task";
import type { GatewayParts } from "../door-parts.ts";
import type { HandlerStore } from "./handler-store.ts";

const askEveryMs = 2_000;

/** Tasks that somebody works on without a heartbeat: the gateway asks for their lease, also after it started anew. */
export class HeldTasks {
  readonly #parts: Pick<GatewayParts, "events" | "log">;
  readonly #store: HandlerStore;
  readonly #held = new Map<string, Assignment>();

  constructor(parts: Pick<GatewayParts, "events" | "log">, store: HandlerStore) {
    this.#parts = parts;
    this.#store = store;
  }

  async hold(assignment: Assignment, { finishSeconds }: Limits): Promise<void> {
    this.#held.set(assignment.triggered.id, assignment);
    const until = new Date(Date.now() + finishSeconds * 1_000);
    // An answer needs the head of the question only.
    const { data: _data, ...triggered } = assignment.triggered;
    await this.#store.hold({ ...assignment, triggered }, until);
  }

  /** Those of an earlier process too. @throws when PostgreSQL is away */
  async read(): Promise<void> {
    for (const assignment of await this.#store.held()) this.#held.set(assignment.triggered.id, assignment);
  }

  /** Asks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all([...this.#held.values()].map((assignment) => this.#ask(assignment)));
      await delay(askEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #ask(assignment: Assignment): Promise<void> {
    const answer = await askLease(this.#parts.events, assignment);
    if (answer === undefined || answer === "go") return;
    const { id } = assignment.triggered;
    this.#held.delete(id);
    // Kept in vain it is asked about once more, by the next process.
    await this.#store.letGo(id).catch(() => undefined);
  }
}
