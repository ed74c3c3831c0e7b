import { readFile } from "node:fs/promises";
import { digestOf } from "@jackfield/spec/event/canonical";
import { handlerUser } from "@jackfield/events/names";
import { scopeName } from "@jackfield/spec/event/names";
import { z } from "zod";
import { readConfig, serviceSettings, type Environment } from "./configuration.ts";
import { connect, missingSetting } from "./connections.ts";
import { describeHandler } from "./description.ts";
import { startHandlers } from "./handler-loop.ts";
import { openLog } from "./log.ts";
import type { Handler } from "./on.ts";

export { on, answered, refused } from "./on.ts";

export interface Serving {
  close(): Promise<void>;
}

export interface ServeOptions {
  name: string;
  handlers: Handler[];
  /** Tasks at once. */
  concurrency?: number;
  /** 8 characters of the digest of the program's file unless it is given. */
  version?: string;
}

const handlerSettings = serviceSettings.extend({
  JACKFIELD_ARTIFACTS_URL: z.string(),
  /** `*`: of every project, for who has a credential for that. */
  JACKFIELD_PROJECT: z.union([scopeName, z.literal("*")]),
});

/**
 * Is a handler: registers with the conductor and answers until SIGTERM or SIGINT, then finishes or hands back.
 * Connections come from JACKFIELD_NATS_URL, JACKFIELD_NATS_CREDS, JACKFIELD_ARTIFACTS_URL and JACKFIELD_PROJECT.
 * @throws Problem E_CONFIG that names the missing variable, E_STORE_DOWN when NATS is not there.
 */
export async function serve(options: ServeOptions, environment: Environment = process.env): Promise<Serving> {
  const settings = readConfig(handlerSettings, environment);
  const { name, handlers, concurrency = 1, version = await versionOfProgram() } = options;
  const { JACKFIELD_PROJECT: project } = settings;
  const connections = await connect(handlerUser({ project, handler: name }), settings, { stateful: false });
  const loop = startHandlers({
    ...connections,
    artifacts: () => connections.artifacts ?? missingSetting("JACKFIELD_ARTIFACTS_URL"),
    log: openLog({ service: name, level: settings.JACKFIELD_LOG_LEVEL }),
    description: describeHandler({
      handler: name,
      version,
      project: project === "*" ? null : project,
      handlers,
    }),
    handlers,
    concurrency,
  });
  const end = (): void => void close().then(() => process.exit(0));
  const close = async (): Promise<void> => {
    process.off("SIGTERM", end).off("SIGINT", end);
    await loop.close(5_000);
    await connections.close();
  };
  process.once("SIGTERM", end).once("SIGINT", end);
  return { close };
}

async function versionOfProgram(): Promise<string> {
  const file = process.argv[1];
  const content = file === undefined ? "" : await readFile(file).catch(() => "");
  return digestOf(content).slice("sha256:".length, "sha256:".length + 8);
}
