import { readFile } from "node:fs/promises";
import { openEvents, type Events } from "@jackfield/events/connection";
import type { RunFile } from "./run-file.ts";

/** Connects to the NATS of a Jackfield that runs, with the rights of an administrator. @throws Problem E_STORE_DOWN, E_CONFIG */
export async function openAsAdmin({ nats, settings }: RunFile, name: string): Promise<Events> {
  const creds = nats === undefined ? undefined : await readFile(nats.creds, "utf8");
  const prefix = settings?.["JACKFIELD_PREFIX"] || undefined;
  return openEvents({ url: settings?.["JACKFIELD_NATS_URL"] ?? "", name, prefix, creds });
}
