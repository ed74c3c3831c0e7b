import { migrate } from "@jackfield/postgres/migrate";
import { Problem } from "@jackfield/problem/problem";
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

/** Starts one service as in a container: its migrations, then itself. @throws Problem */
export async function startOne(
  name: string,
  environment: Environment,
  surroundings: Surroundings = {},
): Promise<RunningService> {
  const service = await loadService(name);
  await migrateService(service, environment);
  return startService(service, environment, surroundings);
}
