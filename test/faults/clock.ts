import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const shim = pathToFileURL(join(import.meta.dirname, "shifted-clock.mjs")).href;

/** The wall clock of every process that is told so by its environment. */
export class Clock {
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, "clock");
    this.environment = { NODE_OPTIONS: `--import=${shim}`, JACKFIELD_TEST_CLOCK: this.#file };
    writeFileSync(this.#file, "0");
  }

  /** It is wrong by so much from now on. */
  async set(offsetMs: number): Promise<void> {
    writeFileSync(this.#file, String(offsetMs));
    // Processes look ten times a second.
    await delay(150);
  }
}
