import { Problem } from "@jackfield/problem/problem";
import { comparePositions, type Position } from "@jackfield/spec/event/position";

/** Tells those who published a fact when it was read back, so that their answer is true when they give it. */
export class ReadBack {
  #last: Position | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(last: Position | undefined) {
    this.#last = last;
  }

  reached(position: Position): void {
    this.#last = position;
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves when the stream was folded up to here. @throws Problem E_WAITED after `withinMs`. */
  until(position: Position, withinMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void): void => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        how();
      };
      const look = (): void => {
        if (this.#last !== undefined && comparePositions(this.#last, position) >= 0) settle(resolve);
      };
      const timer = setTimeout(() => settle(() => reject(late())), withinMs);
      this.#waiting.add(look);
      look();
    });
  }
}

const late = (): Problem =>
  new Problem("E_WAITED", "It was accepted, but was not read back in time.", {
    next: "it will take effect; ask again in a moment",
  });
