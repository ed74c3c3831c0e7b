import type { ServerResponse } from "node:http";

/** A reader that takes nothing for so long is gone, or will come back with Last-Event-ID. */
const stalledMs = 30_000;

/** Server-sent events into one response. */
export class EventSink {
  readonly #response: ServerResponse;
  readonly #stalledMs: number;
  readonly #closed = new AbortController();
  #draining: Promise<void> | undefined;

  constructor(response: ServerResponse, options: { stalledMs?: number } = {}) {
    this.#response = response;
    this.#stalledMs = options.stalledMs ?? stalledMs;
    response.on("close", () => this.#closed.abort());
    response.on("error", () => this.#closed.abort());
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      // Nothing follows on it, so closing need not wait for it.
      connection: "close",
    });
  }

  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Is the reader behind? Then a heartbeat would only queue up. */
  get busy(): boolean {
    return this.#draining !== undefined;
  }

  /**
   * Sends one event; resolves when the reader can take the next. So a slow reader holds no memory: it is served at its
   * pace from what the gateway holds, then from the tracker's log.
   */
  async send(name: string, id: string, data: string): Promise<void> {
    await this.#draining;
    if (this.signal.aborted) return;
    if (this.#response.write(`id: ${id}\nevent: ${name}\ndata: ${data}\n\n`)) return;
    this.#draining = this.#drained().finally(() => (this.#draining = undefined));
    await this.#draining;
  }

  /** A last word, without waiting for a reader that is behind. */
  endWith(name: string, data: string): void {
    if (!this.signal.aborted && !this.busy) this.#response.write(`event: ${name}\ndata: ${data}\n\n`);
    this.end();
  }

  end(): void {
    this.#closed.abort();
    this.#response.end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#response.off("drain", settle);
        this.signal.removeEventListener("abort", settle);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#response.destroy();
        settle();
      }, this.#stalledMs);
      this.#response.once("drain", settle);
      this.signal.addEventListener("abort", settle);
      if (this.signal.aborted) settle();
    });
  }
}
