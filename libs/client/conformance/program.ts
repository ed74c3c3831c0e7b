import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { killRest, signalGroup } from "@jackfield/executor/process-group";

/** A program that the suite starts, ends and starts again. */
export interface Program {
  start(): void;
  /** SIGKILL to it and to everything that it started. */
  kill(): Promise<void>;
  /** SIGTERM; how it ended, or undefined when it was still there after `withinMs`. */
  stop(withinMs: number): Promise<{ code: number | null; ms: number } | undefined>;
  /** Did it end though nobody ended it? */
  ended(): boolean;
  /** The last lines that it wrote, for people. */
  lastLines(): string[];
}

export interface ProgramParts {
  argv: readonly string[];
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** A text that is in the environment of everything it starts, and nowhere else. */
  mark: string;
}

const keptLines = 20;

export const createProgram = (parts: ProgramParts): Program => new Started(parts);

class Started implements Program {
  readonly #parts: ProgramParts;
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;
  #over = true;

  constructor(parts: ProgramParts) {
    this.#parts = parts;
  }

  start(): void {
    const { argv, folder, environment } = this.#parts;
    const [name = "", ...rest] = argv;
    this.#over = false;
    const child = spawn(name, rest, {
      cwd: folder,
      env: { ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    const ended = (): void => {
      if (this.#child === child) this.#over = true;
    };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => this.#keep(text));
    child.once("exit", ended).once("error", (error) => {
      this.#keep(Buffer.from(error.message));
      ended();
    });
  }

  async kill(): Promise<void> {
    await killRest(this.#child?.pid, this.#parts.mark);
    await this.#gone(5_000);
  }

  async stop(withinMs: number): Promise<{ code: number | null; ms: number } | undefined> {
    const began = performance.now();
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, "SIGTERM");
    if (!(await this.#gone(withinMs))) return undefined;
    return { code: this.#child?.exitCode ?? null, ms: performance.now() - began };
  }

  ended(): boolean {
    return this.#over;
  }

  lastLines(): string[] {
    return [...this.#lines];
  }

  #keep(text: Buffer): void {
    const lines = text.toString("utf8").split("\n");
    this.#lines.push(...lines.filter((line) => line.trim() !== ""));
    this.#lines.splice(0, Math.max(0, this.#lines.length - keptLines));
  }

  async #gone(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!this.#over && performance.now() < deadline) await delay(10);
    return this.#over;
  }
}
