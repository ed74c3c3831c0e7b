/** Takes things one by one and gives them away in batches: whatever is there, without waiting for more. */
export class Feed<T> {
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #fault: Error | undefined;

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** No more will come; with a fault, `take` throws it once the feed is empty. */
  end(fault?: Error): void {
    this.#ended = true;
    this.#fault ??= fault;
    this.#wake?.();
  }

  /** At most `most` items, in order; empty only after the end. */
  async take(most: number): Promise<T[]> {
    while (this.#items.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#wake = undefined;
    if (this.#items.length === 0 && this.#fault !== undefined) throw this.#fault;
    return this.#items.splice(0, most);
  }
}
