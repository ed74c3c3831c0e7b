import { setTimeout as delay } from "node:timers/promises";
import { migrate } from "@jackfield/postgres/migrate";
import { asProblem, Problem } from "@jackfield/problem/problem";
import type { Environment } from "@jackfield/service/configuration";
import type { Service } from "@jackfield/service/define";
import { startService, type RunningService, type Surroundings } from "@jackfield/service/start";
import { loadService } from "./services.ts";

/** Brings the schema of a stateful service to its newest migration. @throws Problem E_MIGRATION, E_CONFIG */
export async function migrateService(service: Service, environment: Environment): Promise<void> {
  if (service.migrations === undefined) return;
  const url = environment["JACKFIELD_POSTGRES_URL"];
  if (url === undefined) {
    throw new Problem("E_CONFIG", "The setting JACKFIELD_POSTGRES_URL is missing", {
      next: "set the environment variable JACKFIELD_POSTGRES_URL and start again",
    });
  }
  await migrate({ url, schema: service.name, folder: service.migrations });
}

export interface StartOptions extends Surroundings {
  /** A store is not there yet. Called for every try. */
  onWaiting?: (problem: Problem) => void;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

const longestPauseMs = 5_000;

/**
 * Starts one service as in a container: its migrations, then itself. While NATS or PostgreSQL is not there the service
 * says so, and tries again: whoever starts all at once need not know in which order. @throws Problem
 */
export async function startOne(
  name: string,
  environment: Environment,
  { onWaiting, signal, ...surroundings }: StartOptions = {},
): Promise<RunningService> {
  const { health } = surroundings;
  health?.watch(name, () => ({ ready: false, why: "it has not reached NATS and PostgreSQL yet" }));
  const service = await loadService(name);
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      await migrateService(service, environment);
      return await startService(service, environment, surroundings);
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code !== "E_STORE_DOWN") throw problem;
      health?.watch(name, () => ({ ready: false, why: problem.message }));
      onWaiting?.(problem);
      await delay(pauseMs, undefined, { ...(signal !== undefined && { signal }) });
    }
  }
}
