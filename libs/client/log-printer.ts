import type { Output } from "./output.ts";

/** Where a piece of a log is from. */
export interface LogName {
  task: string;
  step: string;
  /** `stdout.log` */
  name: string;
}

/** Prints logs in pieces, each under its name where several take turns. */
export class LogPrinter {
  readonly #out: Output;
  readonly #several: boolean;
  #last: string | undefined;
  #midLine = false;

  constructor(out: Output, { several }: { several: boolean }) {
    this.#out = out;
    this.#several = several;
  }

  /** Was there anything? */
  get printed(): boolean {
    return this.#last !== undefined;
  }

  print({ task, step, name }: LogName, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const from = `${step} · ${name}`;
    if (from !== this.#last) {
      this.end();
      if (this.#several || this.printed) this.#out.say(this.#out.paint("dim", `── ${from}`));
    }
    this.#last = from;
    if (this.#out.json) {
      this.#out.show({ task, name, text: new TextDecoder().decode(bytes) }, () => "");
      return;
    }
    this.#out.raw(bytes);
    this.#midLine = bytes.at(-1) !== 10;
  }

  /** What comes next begins on a line of its own. */
  end(): void {
    if (this.#midLine) this.#out.raw("\n");
    this.#midLine = false;
  }
}
