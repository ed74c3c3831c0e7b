import { printJson } from "@jackfield/events/json-text";

/** What is asked of a service in one question, at most. */
const mostItems = 500;
const mostBytes = 512 * 1024;

interface Waiting<Item, Answer> {
  item: Item;
  bytes: number;
  resolve(answer: Answer | undefined): void;
}

/**
 * The same small question of many requests, asked as one: what comes while one is on its way goes with the next. When the
 * service is silent nobody waits for it any longer.
 */
export class Bulk<Item, Answer> {
  readonly #ask: (items: Item[]) => Promise<readonly Answer[]>;
  #waiting: Waiting<Item, Answer>[] = [];
  #asking = false;

  constructor(ask: (items: Item[]) => Promise<readonly Answer[]>) {
    this.#ask = ask;
  }

  /** Undefined when the service does not answer. */
  ask(item: Item): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ item, bytes: printJson(item).length, resolve });
      if (this.#asking) return;
      this.#asking = true;
      // Whatever this turn of the loop has read goes together.
      setImmediate(() => void this.#askAll());
    });
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const asked = this.#next();
      try {
        const answers = await this.#ask(asked.map(({ item }) => item));
        asked.forEach(({ resolve }, index) => resolve(answers[index]));
      } catch {
        for (const { resolve } of [...asked, ...this.#waiting.splice(0)]) resolve(undefined);
      }
    }
    this.#asking = false;
  }

  #next(): Waiting<Item, Answer>[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: more } of this.#waiting) {
      if (count === mostItems || (count > 0 && bytes + more > mostBytes)) break;
      bytes += more;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
