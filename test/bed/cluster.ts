import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { freePort } from "../../deploy/embedded/guarded-process.mjs";
import { startNats, type NatsBinary, type NatsServer } from "../../deploy/embedded/nats-server.mjs";
import { until } from "./until.ts";

const names = ["one", "two", "three"] as const;

/** Three nats-servers on loopback that are one. */
export class Cluster implements AsyncDisposable {
  readonly #binary: NatsBinary;
  readonly #folder: string;
  readonly #routes: ReadonlyMap<string, number>;
  readonly #servers = new Map<string, NatsServer>();

  private constructor(binary: NatsBinary, folder: string, routes: ReadonlyMap<string, number>) {
    this.#binary = binary;
    this.#folder = folder;
    this.#routes = routes;
  }

  /** Ready when they have agreed on who leads. */
  static async start(binary: NatsBinary, folder: string): Promise<Cluster> {
    const routes = new Map<string, number>();
    for (const name of names) routes.set(name, await freePort());
    const cluster = new Cluster(binary, folder, routes);
    await Promise.all(names.map((name) => cluster.#start(name)));
    await until(
      "the cluster",
      () => cluster.#ask(async (manager) => (await manager.getAccountInfo()).limits),
      {
        withinMs: 30_000,
        everyMs: 100,
      },
    );
    return cluster;
  }

  /** Where each of them listens. */
  get url(): string {
    return [...this.#servers.values()].map(({ url }) => url).join();
  }

  /** The one that a stream is written at. */
  leaderOf(stream: string): Promise<string> {
    return until("a leader", () =>
      this.#ask(async ({ streams }) => {
        const { cluster } = await streams.info(stream);
        return [...this.#servers.keys()].find((name) => cluster?.leader === `jackfield-${name}`);
      }),
    );
  }

  /** SIGKILL, and waits until it is dead. */
  async kill(name: string): Promise<void> {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`${name} does not run`);
    process.kill(server.pid, "SIGKILL");
    await server.exited;
  }

  /** Starts one again that was killed, where it was. */
  restart(name: string): Promise<void> {
    return this.#start(name, this.#servers.get(name)?.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
  }

  async #start(name: string, port = 0): Promise<void> {
    const folder = join(this.#folder, name);
    await mkdir(folder, { recursive: true });
    const routes = [...this.#routes.values()].map((at) => `"nats://127.0.0.1:${at}"`).join(", ");
    const lines = `cluster { name: bed, listen: "127.0.0.1:${this.#routes.get(name)}", routes: [${routes}] }`;
    this.#servers.set(name, await startNats({ binary: this.#binary, folder, port, accounts: [lines] }));
  }

  async #ask<T>(question: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: this.url.split(","), timeout: 1_000, reconnect: false });
    try {
      return await question(await jetstreamManager(connection, { timeout: 2_000 }));
    } finally {
      await connection.close();
    }
  }
}
