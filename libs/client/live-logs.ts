import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { logs } from "@jackfield/spec/ask/handler";
import { partsOfTask } from "@jackfield/spec/event/ids";
import type { LogPrinter } from "./log-printer.ts";
import { segment, type Server } from "./server.ts";

export interface AttemptName {
  task: string;
  handler: string;
  attempt: number;
}

type Stream = "stdout" | "stderr";
type Piece = z.output<typeof logs.answer>;

interface Followed extends AttemptName {
  /** The byte to go on from. */
  next: Record<Stream, number>;
  ended: Set<Stream>;
}

export interface LiveLogsParts {
  server: Server;
  project: string;
  printer: LogPrinter;
  signal: AbortSignal;
}

const streams = ["stdout", "stderr"] as const;
export const pollMs = 500;
/** Who is told to stop learns it at its next heartbeat, and then has its grace time. */
const lastWordsMs = 20_000;

/** Logs that are no artifacts (yet): of attempts at work, and of those that were ended before they could answer. */
export class LiveLogs {
  readonly #parts: LiveLogsParts;
  readonly #followed = new Map<string, Followed>();
  readonly #known = new Set<string>();

  constructor(parts: LiveLogsParts) {
    this.#parts = parts;
  }

  /** From now on its logs are printed too; once. */
  follow(name: AttemptName): void {
    const key = keyOf(name);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#followed.set(key, { ...name, next: { stdout: 0, stderr: 0 }, ended: new Set() });
  }

  /** Nothing more of this attempt: the rest was told from elsewhere. */
  leave(name: Omit<AttemptName, "handler">): void {
    this.#known.add(keyOf(name));
    this.#followed.delete(keyOf(name));
  }

  /** How many bytes of `stdout.log` or `stderr.log` were printed. */
  printed(name: Omit<AttemptName, "handler">, log: string): number {
    const stream = streams.find((each) => `${each}.log` === log);
    return stream === undefined ? 0 : (this.#followed.get(keyOf(name))?.next[stream] ?? 0);
  }

  /** Prints what is new. */
  async print(): Promise<void> {
    for (const followed of this.#followed.values()) await this.#printNew(followed);
  }

  /** Prints the rest of an attempt that is over; its command may still be on its way out. */
  async finish(name: Omit<AttemptName, "handler">): Promise<void> {
    const followed = this.#followed.get(keyOf(name));
    if (followed === undefined) return;
    const { signal } = this.#parts;
    const deadline = performance.now() + lastWordsMs;
    while ((await this.#printNew(followed)) && performance.now() < deadline && !signal.aborted)
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
    this.leave(name);
  }

  /** Answers whether there may be more. */
  async #printNew(followed: Followed): Promise<boolean> {
    const { task, next, ended } = followed;
    const { step } = partsOfTask(task);
    for (const stream of streams) {
      while (!ended.has(stream)) {
        const piece = await this.#ask(followed, stream);
        if (piece === undefined) return false;
        this.#parts.printer.print({ task, step, name: `${stream}.log` }, Buffer.from(piece.text));
        next[stream] = piece.next;
        if (piece.ended) ended.add(stream);
        if (piece.text === "") break;
      }
    }
    return ended.size < streams.length;
  }

  /** A piece; nothing when nobody has the log: not every handler runs a command, and not every machine is there. */
  async #ask({ task, handler, attempt, next }: Followed, stream: Stream): Promise<Piece | undefined> {
    const { server, project, signal } = this.#parts;
    const query = { project, handler, attempt, stream, from: next[stream] };
    try {
      return await server.get(logs.answer, `/v1/tasks/${segment(task)}/logs`, query);
    } catch (thrown) {
      if (signal.aborted || (thrown instanceof Problem && thrown.code === "E_UNREACHABLE")) return undefined;
      throw thrown;
    }
  }
}

const keyOf = ({ task, attempt }: Omit<AttemptName, "handler">): string => `${task} ${attempt}`;
