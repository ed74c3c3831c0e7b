interface Due {
  atMs: number;
  /** What is due at one moment happens in the order in which it was planned. */
  turn: number;
  what: () => void;
}

/** Virtual time: nothing waits, and everything happens one after the other. */
export class Agenda {
  nowMs = 0;
  #turns = 0;
  /** A binary heap, the next first. */
  readonly #due: Due[] = [];

  after(ms: number, what: () => void): void {
    this.#turns += 1;
    this.#due.push({ atMs: this.nowMs + ms, turn: this.#turns, what });
    this.#rise(this.#due.length - 1);
  }

  /** Lets everything happen until `isOver` says so; false when that took longer than `mostMs` of virtual time. */
  run(isOver: () => boolean, mostMs: number): boolean {
    while (!isOver()) {
      const next = this.#take();
      if (next === undefined || next.atMs > mostMs) return false;
      this.nowMs = next.atMs;
      next.what();
    }
    return true;
  }

  #take(): Due | undefined {
    const [first] = this.#due;
    const last = this.#due.pop();
    if (last === undefined || first === last) return first;
    this.#due[0] = last;
    this.#sink();
    return first;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(at, above)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#due[a], this.#due[b]];
    if (one === undefined || other === undefined) return false;
    return one.atMs - other.atMs < 0 || (one.atMs === other.atMs && one.turn < other.turn);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#due[a], this.#due[b]];
    if (one === undefined || other === undefined) return;
    this.#due[a] = other;
    this.#due[b] = one;
  }
}
