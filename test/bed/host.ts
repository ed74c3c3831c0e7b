import { createServer, type ServerResponse } from "node:http";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { findNatsServer } from "../../deploy/embedded/nats-server.mjs";
import { startPostgres } from "../../deploy/embedded/postgres.mjs";
import { printRefusal } from "../../deploy/embedded/refusal.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Where test files ask for the servers of this run. */
    bedUrl: string;
  }
}

type Once<T> = () => Promise<T>;

const once = <T>(make: () => Promise<T>): Once<T> => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

/**
 * Runs beside all test files of one run. PostgreSQL starts when the first file asks, so a run of pure stories waits for
 * nothing; it is one for all files, not durable, and gone at the end.
 */
export default async function host(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-test-"));
  // PostgreSQL does not run as root; its own user has to get in.
  await chmod(folder, 0o755);
  const stops: (() => Promise<void>)[] = [];
  const postgres = once(async () => {
    const server = await startPostgres({ folder: join(folder, "postgres"), durable: false });
    stops.push(server.stop);
    return { url: server.url };
  });
  const nats = once(() => findNatsServer({ say: (line) => process.stderr.write(`${line}\n`) }));
  const routes: Record<string, Once<unknown>> = { "/postgres": postgres, "/nats": nats };
  const door = createServer((request, response) => {
    void answer(response, routes[request.url ?? ""]);
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  const address = door.address();
  if (address === null || typeof address === "string") throw new Error("the bed has no address");
  project.provide("bedUrl", `http://127.0.0.1:${address.port}`);
  return async () => {
    door.closeAllConnections();
    door.close();
    await Promise.all(stops.map((stop) => stop()));
    await rm(folder, { recursive: true, force: true });
  };
}

async function answer(response: ServerResponse, make: Once<unknown> | undefined): Promise<void> {
  try {
    response.end(JSON.stringify(await make?.()));
  } catch (error) {
    response.writeHead(500).end(printRefusal(error));
  }
}
