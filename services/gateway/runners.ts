import type { BoundConsumer } from "@jackfield/events/handler-consumer";
import { Problem } from "@jackfield/problem/problem";

const forgetAfterMs = 600_000;

/** Who registered through this gateway, and which consumers the conductor gave. A runner that is unknown says itself again. */
export class Runners {
  readonly #known = new Map<string, { consumers: BoundConsumer[]; heardMs: number }>();

  remember(name: string, instance: string, consumers: BoundConsumer[]): void {
    const now = performance.now();
    for (const [key, { heardMs }] of this.#known) if (now - heardMs > forgetAfterMs) this.#known.delete(key);
    this.#known.set(`${name}/${instance}`, { consumers, heardMs: now });
  }

  forget(name: string, instance: string): void {
    this.#known.delete(`${name}/${instance}`);
  }

  /** @throws Problem E_NO_HANDLER */
  consumersOf(name: string, instance: string): BoundConsumer[] {
    const found = this.#known.get(`${name}/${instance}`);
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
