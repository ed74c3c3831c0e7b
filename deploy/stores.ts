import { join } from "node:path";
import { serverLines, type Authority } from "@jackfield/events/authority";
import { Problem } from "@jackfield/problem/problem";
import type { Environment } from "@jackfield/service/configuration";
import { findNatsServer, startNats, type NatsServer } from "./embedded/nats-server.mjs";
import { startPostgres, type PostgresServer } from "./embedded/postgres.mjs";
import { Refusal } from "./embedded/refusal.mjs";
import { natsFolder, openAuthority } from "./nats-authority.ts";
import { keepServer, type KeptServer } from "./kept-server.ts";

/** The two servers that hold all state: embedded ones, or those that the environment names. */
export interface Stores {
  natsUrl: string;
  /** Signs credentials for our own NATS; who names one of theirs brings their own. */
  authority: Authority | undefined;
  natsFolder: string;
  /** Of an administrator, who may make roles and schemas. */
  postgresUrl: string;
  nats: KeptServer<NatsServer> | undefined;
  postgres: KeptServer<PostgresServer> | undefined;
  stop: () => Promise<void>;
}

export interface StoreOptions {
  /** The folder `.jackfield`. */
  home: string;
  /** 0 takes a free one. */
  ports: { nats: number; postgres: number };
  /** Survives a power cut; without it only the death of processes. */
  durable: boolean;
  environment: Environment;
  log: (line: string) => void;
  /** Called when a server has another process than before. */
  changed: () => void;
}

/** Starts what the environment does not name. @throws Problem E_NATS_MISSING, E_PORT_TAKEN, E_POSTGRES */
export async function startStores(options: StoreOptions): Promise<Stores> {
  const { environment } = options;
  const foreign = { nats: given(environment, "NATS"), postgres: given(environment, "POSTGRES") };
  const authority = foreign.nats === undefined ? await openAuthority(natsFolder(options.home)) : undefined;
  const [nats, postgres] = await Promise.allSettled([
    authority === undefined ? undefined : keptNats(options, authority),
    foreign.postgres === undefined ? keptPostgres(options) : undefined,
  ]);
  const stop = async (): Promise<void> => {
    if (postgres.status === "fulfilled") await postgres.value?.stop();
    if (nats.status === "fulfilled") await nats.value?.stop();
  };
  if (nats.status === "rejected" || postgres.status === "rejected") {
    await stop();
    throw problemOf(nats.status === "rejected" ? nats.reason : undefined, postgres);
  }
  return {
    natsUrl: foreign.nats ?? nats.value?.current().url ?? "",
    authority,
    natsFolder: natsFolder(options.home),
    postgresUrl: foreign.postgres ?? postgres.value?.current().url ?? "",
    nats: nats.value,
    postgres: postgres.value,
    stop,
  };
}

function given(environment: Environment, store: "NATS" | "POSTGRES"): string | undefined {
  const url = environment[`JACKFIELD_${store}_URL`];
  return url === "" ? undefined : url;
}

async function keptNats(
  { home, ports, durable, environment, log, changed }: StoreOptions,
  authority: Authority,
): Promise<KeptServer<NatsServer>> {
  const binary = await findNatsServer({ say: log });
  if (binary.warning !== undefined) log(`WARNING  ${binary.warning}`);
  const accounts = serverLines(authority, environment["JACKFIELD_PREFIX"]);
  const folder = natsFolder(home);
  const start = (port: number | undefined): Promise<NatsServer> =>
    startNats({ binary, folder, port: port ?? ports.nats, syncAlways: durable, accounts });
  return keepServer(start, { log: (what) => log(`nats-server ${what}`), changed });
}

function keptPostgres({
  home,
  ports,
  durable,
  log,
  changed,
}: StoreOptions): Promise<KeptServer<PostgresServer>> {
  const start = (port: number | undefined): Promise<PostgresServer> =>
    startPostgres({ folder: join(home, "postgres"), port: port ?? ports.postgres, durable });
  return keepServer(start, { log: (what) => log(`PostgreSQL ${what}`), changed });
}

/** What the embedded servers refuse, as the problem that it is; they cannot know problems (see `refusal.mjs`). */
function problemOf(natsReason: unknown, postgres: PromiseSettledResult<unknown>): unknown {
  const reason: unknown = natsReason ?? (postgres.status === "rejected" ? postgres.reason : undefined);
  if (!(reason instanceof Refusal)) return reason;
  const { why, here, next } = reason;
  return new Problem(reason.code, reason.message, {
    cause: reason,
    ...(why !== undefined && { why }),
    ...(here !== undefined && { here }),
    ...(next !== undefined && { next }),
  });
}
