import type { Log } from "@jackfield/service/log";
import type { Events } from "@jackfield/events/connection";
import { markAgain, outgoing, type Outgoing } from "@jackfield/events/outgoing";
import type { Publisher } from "@jackfield/events/publish";
import { insteadOf } from "@jackfield/lifecycle/unsayable";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import type { OutboxRow } from "./save.ts";

interface Means {
  events: Pick<Events, "subjectRoot" | "secret">;
  publisher: Publisher;
  log: Log;
}

/** A decision, ready to be sent. */
interface Sayable {
  event: CloudEvent;
  message: Outgoing;
}

/**
 * Decisions that were made and not read back yet. While one is in here it is not made again; it leaves when its event is
 * read from the stream, which is the strongest confirmation there is. What no event can hold does not come in: what is
 * said in its place does.
 */
export class Outbox {
  readonly #events: Pick<Events, "subjectRoot" | "secret">;
  readonly #publisher: Publisher;
  readonly #log: Log;
  readonly #onRefused: () => void;
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Set<string>();
  /** Each `triggered` that the stream has not taken yet. */
  readonly #onTheirWay = new Map<string, Promise<void>>();
  #next = 1;
  #unsaved: { row: OutboxRow; sayable: Sayable }[] = [];
  #over: number[] = [];

  /** `onRefused` is called when something is to be said in place of what the stream refused. */
  constructor({ events, publisher, log }: Means, onRefused: () => void) {
    this.#events = events;
    this.#publisher = publisher;
    this.#log = log;
    this.#onRefused = onRefused;
  }

  /** What the last activation left is published again, in order and under the same ids. Answers with the events. */
  restore(rows: readonly OutboxRow[]): CloudEvent[] {
    for (const { n } of rows) this.#next = Math.max(this.#next, n + 1);
    return rows.flatMap((row) => {
      // This service wrote it.
      const event = JSON.parse(row.text) as CloudEvent;
      const [sayable] = this.#sayable(event);
      if (sayable?.event !== event) {
        this.#over.push(row.n);
        return this.add([event]);
      }
      this.#remember(event, row.n);
      // The activation before this one may have said it, and its handler be at work since.
      markAgain(sayable.message.headers);
      this.#publish(sayable);
      return [event];
    });
  }

  has = (id: string): boolean => this.#ids.has(id);

  get size(): number {
    return this.#numbers.size;
  }

  /** Takes decisions in that were not made before; answers with those. */
  add(events: readonly CloudEvent[]): CloudEvent[] {
    return events.flatMap((event) => {
      if (this.#numbers.has(eventKey(event))) return [];
      const said = this.#sayable(event);
      for (const sayable of said) {
        const row = { n: this.#next, text: Buffer.from(sayable.message.body).toString() };
        this.#remember(sayable.event, row.n);
        this.#unsaved.push({ row, sayable });
      }
      return said.map((sayable) => sayable.event);
    });
  }

  /** Rows that are still to be written, in order. */
  unsaved(): OutboxRow[] {
    return this.#unsaved.map(({ row }) => row);
  }

  /** Rows that are to go though their events were not read back: something else was said in their place. */
  takeOver(): number[] {
    const over = this.#over;
    this.#over = [];
    return over;
  }

  /**
   * The number of the row of a decision whose event was read back; undefined when it has none: it is not one of ours, or a
   * repeat, or was decided again a moment ago by a conductor that had forgotten, which then need not be written.
   */
  readBack(event: CloudEvent): number | undefined {
    const key = eventKey(event);
    const n = this.#numbers.get(key);
    this.#numbers.delete(key);
    this.#ids.delete(event.id);
    const [first] = this.#unsaved;
    if (n === undefined || first === undefined || n < first.row.n) return n;
    this.#unsaved = this.#unsaved.filter(({ row }) => row.n !== n);
    return undefined;
  }

  /** Publishes what was written just now, in order, without waiting: the stream itself will tell. */
  publishSaved(): void {
    const saved = this.#unsaved;
    this.#unsaved = [];
    for (const { sayable } of saved) this.#publish(sayable);
  }

  /** The event, or what is said in its place. */
  #sayable(event: CloudEvent): Sayable[] {
    try {
      return [{ event, message: outgoing(event, this.#events) }];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#log.error({ event: "decision.unsayable", id: event.id, why: error.why }, error.message);
      const others = insteadOf(event, error);
      return others.map((other) => ({ event: other, message: outgoing(other, this.#events) }));
    }
  }

  #publish({ event, message }: Sayable): void {
    // A full stream may take the second of two and not the first: an end waits until its beginning was taken.
    const before = event.triggeredid === undefined ? undefined : this.#onTheirWay.get(event.triggeredid);
    const send = (): Promise<unknown> => this.#publisher.send(message, { untilAccepted: true });
    const sent = (before === undefined ? send() : before.then(send)).then(
      () => void this.#onTheirWay.delete(event.id),
      (error: unknown) => this.#refused(event, error),
    );
    this.#onTheirWay.set(event.id, sent);
  }

  #refused(event: CloudEvent, error: unknown): void {
    this.#onTheirWay.delete(event.id);
    const forEver = error instanceof Problem && error.code === "E_BROKEN";
    this.#log.error(
      { event: "decision.unpublished", id: event.id, error: String(error) },
      forEver ? "the stream refuses a decision for ever" : "a decision is published at the next start",
    );
    const n = forEver ? this.readBack(event) : undefined;
    if (!forEver || n === undefined) return;
    this.#over.push(n);
    this.add(insteadOf(event, error));
    this.#onRefused();
  }

  #remember(event: CloudEvent, n: number): void {
    this.#numbers.set(eventKey(event), n);
    this.#ids.add(event.id);
    this.#next = Math.max(this.#next, n + 1);
  }
}
