import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { stopProcess } from "../journeys/world.ts";

/** A handler in a process of its own, which is started again when it dies. */
export class HandlerProcess {
  readonly #words: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #cwd: string | undefined;
  #child: ChildProcess;
  #ending = false;

  /** A program and its arguments; one that works in a folder of its own talks to people, which nobody reads here. */
  constructor(words: readonly string[], environment: Readonly<Record<string, string>>, cwd?: string) {
    this.#words = words;
    this.#environment = environment;
    this.#cwd = cwd;
    this.#child = this.#start();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** SIGKILL, and nobody starts it again. */
  die(): void {
    this.#ending = true;
    this.#child.kill("SIGKILL");
  }

  /** SIGTERM, and waits for the orderly end; it is not started again. */
  async end(): Promise<void> {
    this.#ending = true;
    await stopProcess(this.#child);
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [...this.#words], {
      ...(this.#cwd !== undefined && { cwd: this.#cwd }),
      env: { PATH: process.env["PATH"], ...this.#environment },
      stdio: ["ignore", "ignore", this.#cwd === undefined ? "inherit" : "ignore"],
    });
    void once(child, "exit").then(() => {
      if (!this.#ending) this.#child = this.#start();
    });
    return child;
  }
}
