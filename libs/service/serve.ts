import { readFile } from "node:fs/promises";
import { openArtifacts } from "@jackfield/artifacts/artifacts";
import { openEvents } from "@jackfield/events/connection";
import { createPublisher } from "@jackfield/events/publish";
import { digestOf } from "@jackfield/spec/event/canonical";
import { scopeName } from "@jackfield/spec/event/names";
import { z } from "zod";
import { readConfig, serviceSettings, type Environment } from "./configuration.ts";
import { describeHandler } from "./description.ts";
import { startHandlers } from "./handler-loop.ts";
import { openLog } from "./log.ts";
import type { Handler } from "./on.ts";

export { on, answered, refused } from "./on.ts";

export interface Serving {
  close(): Promise<void>;
}

const ownSettings = serviceSettings.extend({
  JACKFIELD_ARTIFACTS_URL: z.string(),
  JACKFIELD_PROJECT: scopeName,
});

/**
 * Is a handler: registers with the conductor and answers until SIGTERM or SIGINT, then finishes or hands back.
 * Connections come from JACKFIELD_NATS_URL, JACKFIELD_ARTIFACTS_URL and JACKFIELD_PROJECT.
 * `version` is 8 characters of the digest of the program's file unless it is given.
 * @throws Problem E_CONFIG that names the missing variable, E_UNREACHABLE when NATS is not there.
 */
export async function serve(
  {
    name,
    handlers,
    concurrency = 1,
    version,
  }: { name: string; handlers: Handler[]; concurrency?: number; version?: string },
  environment: Environment = process.env,
): Promise<Serving> {
  const settings = readConfig(ownSettings, environment);
  const log = openLog({ service: name, level: settings.JACKFIELD_LOG_LEVEL });
  const events = await openEvents({
    url: settings.JACKFIELD_NATS_URL,
    name,
    ...(settings.JACKFIELD_PREFIX !== undefined && { prefix: settings.JACKFIELD_PREFIX }),
  });
  const publisher = createPublisher(events);
  const artifacts = await openArtifacts(settings.JACKFIELD_ARTIFACTS_URL);
  const description = describeHandler({
    handler: name,
    version: version ?? (await versionOfProgram()),
    project: settings.JACKFIELD_PROJECT,
    handlers,
  });
  const loop = startHandlers({
    events,
    publisher,
    artifacts: () => artifacts,
    log,
    description,
    handlers,
    concurrency,
  });
  const close = async (): Promise<void> => {
    await loop.close(5_000);
    await publisher.close();
    await events.close();
  };
  const end = (): void => void close().then(() => process.exit(0));
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  return { close };
}

async function versionOfProgram(): Promise<string> {
  const file = process.argv[1];
  const content = file === undefined ? "" : await readFile(file).catch(() => "");
  return digestOf(content).slice("sha256:".length, "sha256:".length + 8);
}
