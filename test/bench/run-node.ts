import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** A Node program in a process of its own, which says words over the channel that Node gives parent and child. */
export interface RunningNode {
  readonly pid: number;
  /** The next word that was not heard yet. @throws Error with its last output when it ended instead */
  hear(withinMs?: number): Promise<unknown>;
  tell(word: string): void;
  /** SIGTERM, after 15 s SIGKILL; waits until it is gone. May be called again. */
  stop(): Promise<void>;
}

export function startNode(file: string, args: string[], environment: Record<string, string>): RunningNode {
  // Its standard output is a log; nobody reads it here, and it must not cost a pipe.
  const child = spawn(process.execPath, [...nodeOptions(), file, ...args], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, ...environment },
  });
  const mailbox = new Mailbox(child);
  return {
    pid: child.pid ?? 0,
    hear: (withinMs = 30_000) => mailbox.hear(withinMs, file),
    tell: (word) => void child.send(word),
    stop: () => stop(child),
  };
}

/** `JACKFIELD_BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…"` profiles every program that a figure starts. */
const nodeOptions = (): string[] =>
  (process.env["JACKFIELD_BENCH_NODE_OPTIONS"] ?? "").split(" ").filter(Boolean);

class Mailbox {
  readonly #words: unknown[] = [];
  readonly #child: ChildProcess;
  #wake: (() => void) | undefined;
  #errors = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (word) => {
      this.#words.push(word);
      this.#wake?.();
    });
    child.on("exit", () => this.#wake?.());
    child.stderr?.on(
      "data",
      (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-4_000)),
    );
  }

  async hear(withinMs: number, file: string): Promise<unknown> {
    const deadline = performance.now() + withinMs;
    while (this.#words.length === 0) {
      if (hasEnded(this.#child)) throw new Error(`${file} ended: ${this.#errors}`);
      if (performance.now() > deadline)
        throw new Error(`${file} said nothing for ${withinMs} ms: ${this.#errors}`);
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([woken, delay(200, undefined, { ref: false })]);
    }
    return this.#words.shift();
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(late);
}
