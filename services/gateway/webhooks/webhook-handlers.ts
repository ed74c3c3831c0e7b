import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Taken } from "@jackfield/service/taken";
import type { GatewayParts } from "../door-parts.ts";
import { HandlerStore, type WebhookRow } from "./handler-store.ts";
import { HeldTasks } from "./held-tasks.ts";
import type { Keys } from "./keys.ts";
import type { TargetRule } from "./target-address.ts";
import { WebhookWorker, type WebhookPlace } from "./webhook-worker.ts";

/** Seldom: what changes at this door is read at once. */
const readEveryMs = 20_000;

export interface WebhookHandlersParts {
  parts: GatewayParts;
  rule: TargetRule;
  keys: Keys;
  gatewayUrl: () => string;
}

/** The handlers that are asked by POST: one worker for each that the table has, read anew now and then. */
export class WebhookHandlers {
  readonly store: HandlerStore;
  readonly #place: WebhookPlace;
  readonly #workers = new Map<string, WebhookWorker>();
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ parts, rule, keys, gatewayUrl }: WebhookHandlersParts) {
    this.store = new HandlerStore(parts.database);
    this.#place = {
      parts,
      store: this.store,
      held: new HeldTasks(parts, this.store),
      taken: new Taken(),
      instance: `webhook-${randomBytes(4).toString("hex")}`,
      target: (url) => ({ url, rule }),
      secretOf: (key) => keys.secretOf(key),
      gatewayUrl,
    };
  }

  /** Works until the signal aborts, then hands back. */
  async run(signal: AbortSignal): Promise<void> {
    const asking = this.#place.held.run(signal);
    let failed = false;
    while (!signal.aborted) {
      try {
        await Promise.all([this.read(), this.#place.held.read()]);
        failed = false;
      } catch (thrown) {
        if (!failed)
          this.#place.parts.log.warn(
            { event: "webhooks.stale", error: String(thrown) },
            "webhooks cannot be read; those that are known stay",
          );
        failed = true;
      }
      await delay(readEveryMs, undefined, { signal }).catch(() => undefined);
    }
    this.#closed = true;
    await this.#reading.catch(() => undefined);
    await Promise.all([asking, ...[...this.#workers.values()].map((worker) => worker.close())]);
  }

  /** Reads the table, and starts, changes and ends workers. @throws when PostgreSQL is away */
  read(): Promise<void> {
    const reading = this.#reading.catch(() => undefined).then(() => this.#read());
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<void> {
    const rows = (await this.store.all()).filter(({ disabled }) => disabled === null);
    if (this.#closed) return;
    const wanted = new Map(rows.map((row) => [`${row.project}/${row.name}`, row]));
    for (const [place, worker] of this.#workers) {
      if (isSame(wanted.get(place), worker.row)) continue;
      this.#workers.delete(place);
      await worker.close();
    }
    for (const [place, row] of wanted)
      if (!this.#workers.has(place)) this.#workers.set(place, new WebhookWorker(this.#place, row));
  }
}

const isSame = (row: WebhookRow | undefined, known: WebhookRow): boolean =>
  row !== undefined && JSON.stringify(row) === JSON.stringify(known);
