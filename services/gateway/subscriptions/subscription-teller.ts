import { setTimeout as delay } from "node:timers/promises";
import { compileDialects } from "@jackfield/cesql/dialect-filter";
import { pause } from "@jackfield/events/pause";
import { asProblem } from "@jackfield/problem/problem";
import { digestOf } from "@jackfield/spec/event/canonical";
import { parsePosition } from "@jackfield/spec/event/position";
import { retryAfter } from "@jackfield/spec/http/webhook-answer";
import { signedHeaders } from "@jackfield/spec/http/webhook-signature";
import { z } from "zod";
import type { GatewayParts } from "../door-parts.ts";
import { renders, type Render } from "../formats.ts";
import { Tail } from "../tail.ts";
import { postTo, type Target } from "../webhooks/post-to.ts";
import { nextTryMs } from "./retry-plan.ts";
import type { Progress, SubscriptionRow, SubscriptionStore } from "./subscription-store.ts";

export interface TellerPlace {
  parts: GatewayParts;
  store: SubscriptionStore;
  target: (url: string) => Target;
  secretOf: (key: string) => string;
  plan: readonly number[];
  /** The name of this gateway among those that tell. */
  teller: string;
}

const answerWithinMs = 20_000;
const told = z.object({ event: z.unknown() });

/** Tells one subscription what its filters let through: a tail whose reader is a POST. */
export class SubscriptionTeller {
  readonly #place: TellerPlace;
  readonly #row: SubscriptionRow;
  readonly #closed = new AbortController();
  readonly #running: Promise<void>;
  #position: string;
  #failures: number;

  constructor(place: TellerPlace, row: SubscriptionRow) {
    this.#place = place;
    this.#row = row;
    this.#position = row.position;
    this.#failures = row.failures;
    this.#running = this.#run().catch((thrown: unknown) => {
      place.parts.log.warn({ event: "subscription.interrupted", id: row.id }, asProblem(thrown).message);
      this.#closed.abort();
    });
  }

  /** It ended by itself: paused, taken by another gateway, or broken; then it is begun anew when it is claimed again. */
  get over(): boolean {
    return this.#closed.signal.aborted;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { events, live, heartbeatMs } = this.#place.parts;
    const { project, filters, format, due_at: due } = this.#row;
    const wanted = compileDialects(filters);
    const render: Render = (logged) => (wanted(logged.event) ? renders[format](logged) : []);
    if (due !== null) await this.#wait(due.getTime() - Date.now());
    const sink = {
      signal: this.#closed.signal,
      // A heartbeat must not overtake what is being delivered.
      busy: false,
      send: async (name: string, position: string, text: string) => {
        sink.busy = true;
        await this.#send(name, position, text).finally(() => (sink.busy = false));
      },
      end: () => this.#closed.abort(),
    };
    const from = parsePosition(this.#position);
    await new Tail(
      { events, live, sink, wanted: { project: project ?? undefined }, render, heartbeatMs },
      from,
    ).run();
  }

  async #send(name: string, position: string, text: string): Promise<void> {
    if (this.over) return;
    if (name === "problem") return this.#stop(`the log cannot be read: ${text.slice(0, 500)}`);
    // What nobody can serve is passed over; the answer to GET says where it stands.
    if (name === "gap" || name === "heartbeat") {
      if (position !== this.#position) await this.#move({ position });
      return;
    }
    const body = JSON.stringify(told.parse(JSON.parse(text)).event);
    while (!this.over) {
      const refused = await this.#post(name, body);
      if (refused === undefined) return this.#move({ position, failures: 0, due_at: null });
      await this.#failed(refused);
    }
  }

  /** Undefined: it was taken. */
  async #post(name: string, body: string): Promise<Refused | undefined> {
    const { target, secretOf } = this.#place;
    const { id: subscription, sink, key } = this.#row;
    const id = `msg_${digestOf(`${subscription} ${body}`).slice("sha256:".length, "sha256:".length + 32)}`;
    const message = { id, timestamp: Math.floor(Date.now() / 1_000), body };
    const type = name === "openlineage" ? "application/json" : "application/cloudevents+json; charset=utf-8";
    const headers = { ...signedHeaders([secretOf(key)], message), "content-type": type };
    try {
      const signal = this.#closed.signal;
      const answer = await postTo(target(sink), { headers, body, signal, withinMs: answerWithinMs });
      if (answer.status >= 200 && answer.status < 300) return undefined;
      const afterSeconds = retryAfter(answer.headers["retry-after"], Date.now());
      const why = `it answered ${answer.status}`;
      return { why, gone: answer.status === 410, ...(afterSeconds !== undefined && { afterSeconds }) };
    } catch (thrown) {
      const { message: what, why } = asProblem(thrown);
      return { why: [what, why].filter(Boolean).join(": "), gone: false };
    }
  }

  async #failed({ why, gone, afterSeconds }: Refused): Promise<void> {
    // Who closes has broken the request off.
    if (this.over) return;
    this.#failures += 1;
    const waitMs = gone
      ? undefined
      : nextTryMs(this.#failures, { ...this.#plan(afterSeconds), random: Math.random() });
    if (waitMs === undefined)
      return this.#stop(gone ? "it answered 410 Gone" : `${this.#failures} tries failed: ${why}`);
    await this.#move({ failures: this.#failures, due_at: new Date(Date.now() + waitMs) });
    await this.#wait(waitMs);
  }

  #plan(afterSeconds: number | undefined) {
    return { plan: this.#place.plan, ...(afterSeconds !== undefined && { afterSeconds }) };
  }

  async #stop(paused: string): Promise<void> {
    const { id, sink } = this.#row;
    await this.#move({ paused: paused.slice(0, 1_000), failures: this.#failures, due_at: null });
    this.#place.parts.log.warn(
      { event: "subscription.paused", id, sink, why: paused },
      "nothing is told there any more",
    );
    this.#closed.abort();
  }

  /** Writes it down; while PostgreSQL is away, waits: what is not written down would be told again. */
  async #move(progress: Progress): Promise<void> {
    const { store, teller } = this.#place;
    this.#position = progress.position ?? this.#position;
    this.#failures = progress.failures ?? this.#failures;
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!(await store.move(this.#row.id, teller, progress))) this.#closed.abort();
        return;
      } catch (thrown) {
        if (this.over) throw thrown;
        await pause(attempt, this.#closed.signal);
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    // A timer holds 24 days at most; the plan ends after one.
    const signal = this.#closed.signal;
    await delay(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
  }
}

interface Refused {
  why: string;
  gone: boolean;
  afterSeconds?: number;
}
