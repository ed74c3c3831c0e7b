import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { stopProcess } from "../journeys/world.ts";

/** A handler in a process of its own, which is started again when it dies. */
export class HandlerProcess {
  readonly #program: string;
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess;
  #ending = false;

  constructor(program: string, environment: Readonly<Record<string, string>>) {
    this.#program = program;
    this.#environment = environment;
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
    const child = spawn(process.execPath, [this.#program], {
      env: { PATH: process.env["PATH"], ...this.#environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
    void once(child, "exit").then(() => {
      if (!this.#ending) this.#child = this.#start();
    });
    return child;
  }
}
