import type { OutboxRow } from "@jackfield/conductor/save";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";

type Publish = (event: CloudEvent, onStored: () => void) => void;

/**
 * The rules of the conductor's outbox: a decision that is in here is not made again, it leaves when it is read back, and
 * an end is sent when its beginning was taken.
 */
export class Outbox {
  readonly #publish: Publish;
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Set<string>();
  readonly #behind = new Map<string, CloudEvent[]>();
  #next = 1;
  #unsaved: { n: number; event: CloudEvent }[] = [];

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  restore(rows: readonly OutboxRow[]): CloudEvent[] {
    return rows.map(({ n, text }) => {
      // This process wrote it.
      const event = JSON.parse(text) as CloudEvent;
      this.#remember(event, n);
      this.#send(event);
      return event;
    });
  }

  has = (id: string): boolean => this.#ids.has(id);

  add(events: readonly CloudEvent[]): CloudEvent[] {
    return events.filter((event) => {
      if (this.#numbers.has(eventKey(event))) return false;
      const n = this.#next;
      this.#remember(event, n);
      this.#unsaved.push({ n, event });
      return true;
    });
  }

  unsaved(): OutboxRow[] {
    return this.#unsaved.map(({ n, event }) => ({ n, text: JSON.stringify(event) }));
  }

  /** The number of its row; undefined when there is none, or none yet. */
  readBack(event: CloudEvent): number | undefined {
    const n = this.#numbers.get(eventKey(event));
    this.#numbers.delete(eventKey(event));
    this.#ids.delete(event.id);
    const isUnsaved = this.#unsaved.some((one) => one.n === n);
    this.#unsaved = this.#unsaved.filter((one) => one.n !== n);
    return isUnsaved ? undefined : n;
  }

  publishSaved(): void {
    const saved = this.#unsaved;
    this.#unsaved = [];
    for (const { event } of saved) this.#send(event);
  }

  #send(event: CloudEvent): void {
    const behind = this.#behind.get(event.triggeredid ?? "");
    if (behind !== undefined) {
      behind.push(event);
      return;
    }
    this.#behind.set(event.id, []);
    this.#publish(event, () => {
      const next = this.#behind.get(event.id) ?? [];
      this.#behind.delete(event.id);
      for (const one of next) this.#send(one);
    });
  }

  #remember(event: CloudEvent, n: number): void {
    this.#numbers.set(eventKey(event), n);
    this.#ids.add(event.id);
    this.#next = Math.max(this.#next, n + 1);
  }
}
