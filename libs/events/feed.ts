/** Takes things one by one and gives them away in batches: whatever is there, without waiting for more. */
export class Feed<T> {
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #rested: (() => void)[] = [];
  #ended = false;
  #fault: Error | undefined;

  get size(): number {
    return this.#items.length;
  }

  push(...items: readonly T[]): void {
    this.#items.push(...items);
    this.#wake?.();
  }

  /** No more will come; with a fault, `take` throws it once the feed is empty. */
  end(fault?: Error): void {
    this.#ended = true;
    this.#fault ??= fault;
    this.#wake?.();
    this.#rest();
  }

  /** Resolves when everything that was pushed is dealt with: the taker waits for more, or the feed ended. */
  idle(): Promise<void> {
    if (this.#ended || (this.#wake !== undefined && this.#items.length === 0)) return Promise.resolve();
    return new Promise((resolve) => this.#rested.push(resolve));
  }

  /** At most `most` items, in order; empty only after the end. */
  async take(most: number): Promise<T[]> {
    while (this.#items.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#rest();
      });
    }
    this.#wake = undefined;
    if (this.#items.length === 0 && this.#fault !== undefined) throw this.#fault;
    return this.#items.splice(0, most);
  }

  #rest(): void {
    const rested = this.#rested;
    this.#rested = [];
    for (const resolve of rested) resolve();
  }
}
