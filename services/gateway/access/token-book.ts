import { setTimeout as delay } from "node:timers/promises";
import { isStoreTrouble } from "@jackfield/postgres/outage";
import { Problem } from "@jackfield/problem/problem";
import type { Log } from "@jackfield/service/log";
import { Buckets } from "./buckets.ts";
import { isBelow } from "./spoken.ts";
import { isToken, tokenDigest } from "./token-text.ts";
import type { Token, TokenStore } from "./token-store.ts";

const readEveryMs = 4_000;
const tellUseEveryMs = 60_000;

/**
 * The tokens in force, held in memory and read anew every four seconds: so what is taken back anywhere is out of force
 * everywhere soon, and who is known comes in while PostgreSQL is away.
 */
export class TokenBook {
  readonly #store: Pick<TokenStore, "inForce" | "used">;
  readonly #log: Log;
  #known = new Map<string, Token>();
  /** Token → those who stay as long as it is in force. */
  readonly #staying = new Map<string, Set<AbortController>>();
  readonly #used = new Set<string>();
  /** Who tries tokens asks PostgreSQL for each. */
  readonly #strangers = new Buckets(20);
  #toldUseMs = 0;

  constructor(store: Pick<TokenStore, "inForce" | "used">, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Reads until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let failed = false;
    while (!signal.aborted) {
      try {
        await this.read();
        failed = false;
      } catch (thrown) {
        if (!failed)
          this.#log.warn(
            { event: "tokens.stale", error: String(thrown) },
            "tokens cannot be read; those that are known stay in force",
          );
        failed = true;
      }
      this.#sendAway();
      await delay(readEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads all once. @throws when PostgreSQL is away */
  async read(): Promise<void> {
    this.#known = await this.#store.inForce();
    this.#sendAway();
    await this.#tellUse();
  }

  /**
   * The token that a text is, when it is in force. One that was made a moment ago, elsewhere, is looked up, but not more
   * often than a few times a second for one address (`from`).
   * @throws Problem E_STORE_DOWN when it is not known and PostgreSQL cannot be asked; EdgeProblem 429
   */
  async find(text: string, from: string): Promise<Token | undefined> {
    if (!isToken(text)) return undefined;
    const digest = tokenDigest(text);
    const key = digest.toString("hex");
    const token = this.#known.get(key) ?? (await this.#lookUp(digest, key, from));
    if (token === undefined || !isInForce(token)) return undefined;
    this.#used.add(token.id);
    return token;
  }

  /** Whose a source is; undefined: nobody's. */
  ownerOf(source: string): string | undefined {
    for (const token of this.#known.values())
      if (token.source !== null && isInForce(token) && isBelow(source, token.source)) return token.name;
    return undefined;
  }

  /** Aborts when the token is in force no more; `gone` says that nobody stays any longer. */
  whileInForce(id: string, gone: AbortSignal): AbortSignal {
    const stay = new AbortController();
    const all = this.#staying.get(id) ?? new Set();
    this.#staying.set(id, all.add(stay));
    gone.addEventListener("abort", () => {
      all.delete(stay);
      if (all.size === 0 && this.#staying.get(id) === all) this.#staying.delete(id);
    });
    return stay.signal;
  }

  async #lookUp(digest: Buffer, key: string, from: string): Promise<Token | undefined> {
    this.#strangers.take(from);
    try {
      const token = (await this.#store.inForce(digest)).get(key);
      if (token !== undefined) this.#known.set(key, token);
      return token;
    } catch (cause) {
      if (!isStoreTrouble(cause)) throw cause;
      throw new Problem("E_STORE_DOWN", "This token cannot be looked up now.", {
        why: "PostgreSQL does not answer, and the token was not used here before",
        next: "try again in a moment",
        cause,
      });
    }
  }

  #sendAway(): void {
    const good = new Set([...this.#known.values()].filter(isInForce).map(({ id }) => id));
    for (const [id, staying] of this.#staying) {
      if (good.has(id)) continue;
      this.#staying.delete(id);
      for (const one of staying) one.abort();
    }
  }

  async #tellUse(): Promise<void> {
    const now = performance.now();
    if (this.#used.size === 0 || now - this.#toldUseMs < tellUseEveryMs) return;
    this.#toldUseMs = now;
    const used = [...this.#used];
    this.#used.clear();
    await this.#store.used(used);
  }
}

const isInForce = ({ expiresAt }: Token): boolean => expiresAt === null || expiresAt.getTime() > Date.now();
