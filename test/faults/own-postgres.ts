import { join } from "node:path";
import { startPostgres, type PostgresServer } from "../../deploy/embedded/postgres.mjs";
import { atTheEnd } from "../journeys/world.ts";

/** A PostgreSQL that nobody starts again but the test. */
export class OwnPostgres {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  #server: PostgresServer;

  private constructor(folder: string, server: PostgresServer) {
    this.#folder = folder;
    this.#server = server;
    this.#port = server.port;
    this.url = server.url;
  }

  static async start(folder: string): Promise<OwnPostgres> {
    const home = join(folder, "postgres");
    const own = new OwnPostgres(home, await startPostgres({ folder: home, durable: false }));
    atTheEnd(() => own.#server.stop());
    return own;
  }

  /** Nobody answers at its address; connections break. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async startAgain(): Promise<void> {
    this.#server = await startPostgres({ folder: this.#folder, port: this.#port, durable: false });
  }
}
