import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { inTurn } from "@jackfield/service/in-turn";
import type { GatewayParts } from "../door-parts.ts";
import type { Keys } from "../webhooks/keys.ts";
import type { TargetRule } from "../webhooks/target-address.ts";
import { SubscriptionStore } from "./subscription-store.ts";
import { SubscriptionTeller, type TellerPlace } from "./subscription-teller.ts";

/** Seldom: what changes here is looked at at once, and a quiet Jackfield leaves PostgreSQL in peace. */
const claimEveryMs = 20_000;
const claimSeconds = 60;

export interface SubscriptionsParts {
  parts: GatewayParts;
  rule: TargetRule;
  keys: Keys;
  plan: readonly number[];
}

/** Everybody who is told of events by this gateway; of several gateways one tells each. */
export class Subscriptions {
  readonly store: SubscriptionStore;
  readonly #place: TellerPlace;
  readonly #turns = inTurn();
  readonly #tellers = new Map<string, SubscriptionTeller>();

  constructor({ parts, rule, keys, plan }: SubscriptionsParts) {
    this.store = new SubscriptionStore(parts.database);
    this.#place = {
      parts,
      store: this.store,
      target: (url) => ({ url, rule }),
      secretOf: (key) => keys.secretOf(key),
      plan,
      teller: randomBytes(6).toString("hex"),
    };
  }

  /** Tells until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // While PostgreSQL is away, those who are told already go on until their claim ends.
      await this.look().catch(() => undefined);
      await delay(claimEveryMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all([...this.#tellers.values()].map((teller) => teller.close()));
    await this.store.release(this.#place.teller).catch(() => undefined);
  }

  /** Takes what nobody tells, and lets go what is gone or paused. @throws when PostgreSQL is away */
  look(): Promise<void> {
    return this.#turns(() => this.#claim());
  }

  async #claim(): Promise<void> {
    const rows = await this.store.claim(this.#place.teller, claimSeconds);
    const mine = new Set(rows.map(({ id }) => id));
    for (const [id, teller] of this.#tellers) {
      if (mine.has(id) && !teller.over) continue;
      this.#tellers.delete(id);
      await teller.close();
    }
    for (const row of rows)
      if (!this.#tellers.has(row.id)) this.#tellers.set(row.id, new SubscriptionTeller(this.#place, row));
  }
}
