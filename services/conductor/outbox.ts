import type { Log } from "@jackfield/service/log";
import type { Publisher } from "@jackfield/events/publish";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import type { OutboxRow } from "./save.ts";

/**
 * Decisions that were made and not read back yet. While one is in here it is not made again; it leaves when its event is
 * read from the stream, which is the strongest confirmation there is.
 */
export class Outbox {
  readonly #publisher: Publisher;
  readonly #log: Log;
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Set<string>();
  #next = 1;
  #unsaved: { row: OutboxRow; event: CloudEvent }[] = [];

  constructor(publisher: Publisher, log: Log) {
    this.#publisher = publisher;
    this.#log = log;
  }

  /** What the last activation left is published again under the same ids. Answers with the events. */
  restore(rows: readonly OutboxRow[]): CloudEvent[] {
    return rows.map((row) => {
      // This service wrote it.
      const event = JSON.parse(row.text) as CloudEvent;
      this.#remember(event, row.n);
      this.#publish(event);
      return event;
    });
  }

  has = (id: string): boolean => this.#ids.has(id);

  get size(): number {
    return this.#numbers.size;
  }

  /** Takes decisions in that were not made before; answers with those. */
  add(events: readonly CloudEvent[]): CloudEvent[] {
    return events.filter((event) => {
      if (this.#numbers.has(eventKey(event))) return false;
      const row = { n: this.#next, text: JSON.stringify(event) };
      this.#remember(event, row.n);
      this.#unsaved.push({ row, event });
      return true;
    });
  }

  /** Rows that are still to be written, in order. */
  unsaved(): OutboxRow[] {
    return this.#unsaved.map(({ row }) => row);
  }

  /** The number of a decision whose event was read back; undefined when it is not one of ours, or a repeat. */
  readBack(event: CloudEvent): number | undefined {
    const key = eventKey(event);
    const n = this.#numbers.get(key);
    this.#numbers.delete(key);
    this.#ids.delete(event.id);
    return n;
  }

  /** Publishes what was written just now, in order, without waiting: the stream itself will tell. */
  publishSaved(): void {
    const saved = this.#unsaved;
    this.#unsaved = [];
    for (const { event } of saved) this.#publish(event);
  }

  #publish(event: CloudEvent): void {
    this.#publisher.publish(event, { untilAccepted: true }).catch((error: unknown) => {
      this.#log.error(
        { event: "decision.unpublished", id: event.id, error: String(error) },
        "a decision could not be published; it is tried again at the next start",
      );
    });
  }

  #remember(event: CloudEvent, n: number): void {
    this.#numbers.set(eventKey(event), n);
    this.#ids.add(event.id);
    this.#next = Math.max(this.#next, n + 1);
  }
}
