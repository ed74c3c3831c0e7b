import type { BoundConsumer } from "@jackfield/events/handler-consumer";
import { Problem } from "@jackfield/problem/problem";

const forgetAfterMs = 600_000;

/** An instance of a handler, and by whose token it came: what one registered, no other takes. */
export interface Runner {
  name: string;
  instance: string;
  by: string | undefined;
}

const keyOf = ({ name, instance, by = "" }: Runner): string => [by, name, instance].join(" ");

/** Who registered through this gateway, and which consumers the conductor gave. A runner that is unknown says itself again. */
export class Runners {
  readonly #known = new Map<string, { consumers: BoundConsumer[]; heardMs: number }>();

  remember(runner: Runner, consumers: BoundConsumer[]): void {
    const now = performance.now();
    for (const [key, { heardMs }] of this.#known) if (now - heardMs > forgetAfterMs) this.#known.delete(key);
    this.#known.set(keyOf(runner), { consumers, heardMs: now });
  }

  forget(runner: Runner): void {
    this.#known.delete(keyOf(runner));
  }

  /** @throws Problem E_NO_HANDLER */
  consumersOf(runner: Runner): BoundConsumer[] {
    const { name, instance } = runner;
    const found = this.#known.get(keyOf(runner));
    if (found !== undefined) return found.consumers;
    throw new Problem(
      "E_NO_HANDLER",
      `No handler ${name} with the instance ${instance} has registered here.`,
      {
        why: "it never did, or the gateway started anew",
        next: `register first: POST /v1/handlers/${name}`,
      },
    );
  }
}
