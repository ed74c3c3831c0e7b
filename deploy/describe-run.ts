import type { Environment } from "@jackfield/service/configuration";
import { credentialIn } from "./nats-authority.ts";
import { writeRun, type RunFile } from "./run-file.ts";
import type { RunningServices } from "./run-services.ts";
import type { Stores } from "./stores.ts";

/** run.json is written once all is up, and again whenever something has another process than before. */
export function keepFile(folder: string) {
  let content: (() => RunFile) | undefined;
  let writing = Promise.resolve();
  const changed = (): void => {
    if (content === undefined) return;
    const run = content();
    writing = writing.then(() => writeRun(folder, run)).catch(() => undefined);
  };
  return {
    changed,
    begin: async (from: () => RunFile) => {
      content = from;
      changed();
      await writing;
    },
    end: async () => {
      content = undefined;
      await writing;
    },
  };
}

export interface Parts {
  claim: RunFile;
  stores: Stores;
  running: RunningServices;
  shared: Environment;
  logs: string;
}

export function describe({ claim, stores, running, shared, logs }: Parts): RunFile {
  const nats = stores.nats?.current();
  const postgres = stores.postgres?.current();
  const { natsFolder: folder } = stores;
  const told = ["JACKFIELD_NATS_URL", "JACKFIELD_PREFIX", "JACKFIELD_ARTIFACTS_URL", "JACKFIELD_URL"];
  return {
    ...claim,
    state: "up",
    url: shared["JACKFIELD_URL"],
    ...(nats !== undefined && {
      nats: { url: nats.url, port: nats.port, pid: nats.pid, folder, creds: credentialIn(folder, "admin") },
    }),
    ...(postgres !== undefined && {
      postgres: { url: postgres.url, port: postgres.port, pid: postgres.pid, folder: postgres.folder },
    }),
    settings: Object.fromEntries(told.map((name) => [name, shared[name] ?? ""])),
    logs,
    services: running.list(),
  };
}

export const processesOf = (run: RunFile): { name: string; pid: number }[] => [
  ...(run.nats === undefined ? [] : [{ name: "nats-server", pid: run.nats.pid }]),
  ...(run.postgres === undefined ? [] : [{ name: "postgres", pid: run.postgres.pid }]),
  ...(run.services ?? []).map(({ name, pid }) => ({ name, pid })),
];
