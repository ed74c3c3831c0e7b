import { readFile } from "node:fs/promises";
import { openArtifacts, type Artifacts } from "@jackfield/artifacts/artifacts";
import { openEvents, type Events } from "@jackfield/events/connection";
import { createPublisher, type Publisher } from "@jackfield/events/publish";
import { openPostgres, type Database } from "@jackfield/postgres/database";
import { Problem } from "@jackfield/problem/problem";
import type { ServiceSettings } from "./configuration.ts";

/** What a service or a handler is connected to. */
export interface Connections {
  events: Events;
  publisher: Publisher;
  artifacts: Artifacts | undefined;
  database: Database | undefined;
  /** Flushes what is on its way, then closes everything. */
  close(): Promise<void>;
}

/** Opens them under one name. @throws Problem E_STORE_DOWN or E_CONFIG. */
export async function connect(
  name: string,
  settings: ServiceSettings,
  { stateful }: { stateful: boolean },
): Promise<Connections> {
  const {
    JACKFIELD_NATS_URL: url,
    JACKFIELD_NATS_CREDS: credsPath,
    JACKFIELD_PREFIX: prefix,
    JACKFIELD_ARTIFACTS_URL: artifactsUrl,
  } = settings;
  const database = stateful ? await openSchema(name, settings) : undefined;
  const events = await openStream().catch(async (problem: unknown) => {
    await database?.close();
    throw problem;
  });
  const publisher = createPublisher(events);
  return {
    events,
    publisher,
    artifacts: artifactsUrl === undefined ? undefined : await openArtifacts(artifactsUrl),
    database,
    close: async () => {
      await publisher.close();
      await events.close();
      await database?.close();
    },
  };

  async function openStream(): Promise<Events> {
    const creds = credsPath === undefined ? undefined : await readCredential(credsPath);
    return openEvents({ url, name, prefix, creds });
  }
}

const readCredential = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: unknown) => {
    throw new Problem("E_CONFIG", "The credential for NATS cannot be read.", {
      why: String(cause),
      here: path,
      next: "let JACKFIELD_NATS_CREDS name the file: jackfield admin token --handler NAME --project PROJECT > NAME.creds",
      cause,
    });
  });

const openSchema = (name: string, settings: ServiceSettings): Promise<Database> =>
  openPostgres({
    url: settings.JACKFIELD_POSTGRES_URL ?? missingSetting("JACKFIELD_POSTGRES_URL"),
    schema: name,
    applicationName: `jackfield-${name}`,
  });

export function missingSetting(variable: string): never {
  throw new Problem("E_CONFIG", `The setting ${variable} is missing`, {
    next: `set the environment variable ${variable} and start again`,
  });
}
