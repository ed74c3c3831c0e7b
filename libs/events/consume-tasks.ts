import { Problem, asProblem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Events } from "./connection.ts";
import { consumerInfo, type BoundConsumer } from "./handler-consumer.ts";
import { readDelivery, type Refusal } from "./log-entry.ts";
import { mayBeRepeat } from "./outgoing.ts";
import { pause } from "./pause.ts";
import { Pull, type Delivery } from "./pull.ts";
import { natsProblem } from "./refused.ts";

/** One `triggered` event, handed to a handler. */
export interface TaskDelivery {
  event: CloudEvent;
  sequence: number;
  /**
   * Perhaps it was worked on before: delivered twice, there before this handler came, said again by the conductor, or put
   * back into the stream. A server that was killed forgets what it delivered and which acks came, and counts from one. Ask
   * for the lease before working.
   */
  redelivered: boolean;
  /** How long it has been in the stream, by the clocks of the server and of this machine. */
  ageMs: number;
  /** The stream has `started`, so nobody else is to get this. Say it before the work. */
  ack(): void;
  /** More time before it is delivered to somebody else; for a handler that waits for an answer. */
  working(): void;
}

export interface ConsumeTasksOptions extends BoundConsumer {
  /** How many tasks at once; no more is pulled than there are free workers. */
  concurrency: number;
  /** Ends the pulling; running tasks are waited for. */
  signal: AbortSignal;
  /**
   * One task. Its worker may take the next one when `free` is called (the answer is on its way), at the latest when the
   * promise settles. What it throws goes to `onProblem`.
   */
  onTask: (task: TaskDelivery, free: () => void) => Promise<void>;
  /** A message that may not count; it is not delivered again. */
  onBad: (refused: Refusal, subject: string) => void;
  /** Pulling is interrupted and tried again (the consumer is not there, the server is gone), or a task threw. */
  onProblem?: (problem: Problem) => void;
  /** Bound to the consumer and pulling. */
  onReady?: () => void;
}

/**
 * Works off a handler's consumer until the signal aborts. The consumer is the conductor's to make: while it is missing,
 * was deleted or fell silent, this waits and binds again.
 */
export async function consumeTasks(events: Events, options: ConsumeTasksOptions): Promise<void> {
  const { signal } = options;
  const workers = new Workers(options);
  let attempt = 0;
  while (!signal.aborted && !events.connection.isClosed()) {
    attempt += 1;
    await workOnce().catch((error: unknown) => {
      if (!signal.aborted) options.onProblem?.(natsProblem(error, events));
    });
    await pause(attempt, signal);
  }
  await workers.done();

  async function workOnce(): Promise<void> {
    await events.whenConnected(signal);
    const info = await consumerInfo(events, options);
    if (info === undefined) throw notThere(options);
    attempt = 0;
    options.onReady?.();
    await workers.workOff(events, info.num_pending);
  }
}

class Workers {
  readonly #options: ConsumeTasksOptions;
  readonly #running = new Set<Promise<void>>();
  #busy = 0;
  #pull: Pull | undefined;

  constructor(options: ConsumeTasksOptions) {
    this.#options = options;
  }

  /**
   * Until the consumer is lost, which it throws, or the signal aborts. So many first deliveries (`waiting`) are of what
   * was there before: of these the consumer, made anew or of a server that was killed, may have forgotten the first.
   */
  async workOff(events: Events, waiting: number): Promise<void> {
    let old = waiting;
    const isOld = ({ count }: Delivery): boolean => count === 1 && old > 0 && (old -= 1) >= 0;
    const { stream, durable: consumer, signal } = this.#options;
    let leave = (): void => undefined;
    await new Promise<void>((resolve, reject) => {
      leave = resolve;
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
      this.#pull = new Pull(events, {
        stream,
        consumer,
        onMessage: (delivery) => this.#take(delivery, events.subjectRoot, isOld(delivery)),
        // Asking inside the callback would count the message that is just being handed over twice.
        onDrained: () => queueMicrotask(() => this.#askForFree()),
        onLost: (reason) => {
          reject(new Problem("E_STORE_DOWN", `Pulling from ${consumer} was interrupted: ${reason}.`));
        },
      });
      this.#askForFree();
    }).finally(() => {
      signal.removeEventListener("abort", leave);
      this.#pull?.stop();
    });
  }

  async done(): Promise<void> {
    await Promise.all(this.#running);
  }

  #askForFree(): void {
    if (this.#pull === undefined) return;
    const free = this.#options.concurrency - this.#busy - this.#pull.pending;
    if (free > 0) this.#pull.ask(free);
  }

  #take(delivery: Delivery, subjectRoot: string, old: boolean): void {
    const task = taskOf(delivery, { subjectRoot, old, onBad: this.#options.onBad });
    if (task === undefined) return;
    let busy = true;
    this.#busy += 1;
    const free = (): void => {
      if (!busy) return;
      busy = false;
      this.#busy -= 1;
      this.#askForFree();
    };
    const running = this.#options
      .onTask(task, free)
      .catch((error: unknown) => this.#options.onProblem?.(asProblem(error)))
      .finally(() => {
        this.#running.delete(running);
        free();
      });
    this.#running.add(running);
  }
}

/** A delivery → the task, or undefined when it may not count; then it is ended and told. */
export function taskOf(
  delivery: Delivery,
  { subjectRoot, old, onBad }: { subjectRoot: string; old: boolean; onBad: ConsumeTasksOptions["onBad"] },
): TaskDelivery | undefined {
  const { message, sequence, count, storedMs } = delivery;
  const read = readDelivery(delivery, subjectRoot);
  if (read.refused !== undefined) {
    // Without a reason: servers before 2.10.4 would not understand it, and deliver again.
    message.respond("+TERM");
    onBad(read.refused, message.subject);
    return undefined;
  }
  return {
    event: read.event,
    sequence,
    redelivered: count > 1 || old || mayBeRepeat(message.headers),
    ageMs: Math.max(0, Date.now() - storedMs),
    ack: () => void message.respond("+ACK"),
    working: () => void message.respond("+WPI"),
  };
}

const notThere = ({ durable }: BoundConsumer): Problem =>
  new Problem("E_STORE_DOWN", `The consumer ${durable} is not there.`, {
    why: "the conductor makes it when a handler has registered",
    next: "it is tried again; start the conductor if it does not run",
  });
